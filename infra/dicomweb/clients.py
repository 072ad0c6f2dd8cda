"""Opens a slide with wsidicom and dicomweb-client over HTTP and compares regions with the service's own.

usage: clients.py URL TOKEN_FILE SLIDE_ID STUDY_UID WIDTH HEIGHT
"""

import io
import sys

import numpy as np
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from wsidicom import WsiDicom, WsiDicomWebClient

url, token_file, slide, study, width, height = sys.argv[1:]
width, height = int(width), int(height)
session = requests.Session()
with open(token_file) as file:
    session.headers["Authorization"] = "Bearer " + file.read().strip()

client = DICOMwebClient(f"{url}/dicomweb", session=session)
assert study in [found["0020000D"]["Value"][0] for found in client.search_for_studies(limit=1000)]
(series,) = client.search_for_series(study)
uid = series["0020000E"]["Value"][0]
instances = client.search_for_instances(study, uid)
print(f"dicomweb-client: {len(instances)} levels")
for found in instances:
    instance = found["00080018"]["Value"][0]
    (attributes,) = [client.retrieve_instance_metadata(study, uid, instance)]
    frames = int(attributes["00280008"]["Value"][0])
    wanted = sorted({1, frames, (frames + 1) // 2})
    parts = client.retrieve_instance_frames(study, uid, instance, wanted, media_types=("image/jpeg",))
    assert len(parts) == len(wanted)
    for part in parts:
        assert Image.open(io.BytesIO(part)).size == (attributes["00280011"]["Value"][0], attributes["00280010"]["Value"][0])

web = WsiDicomWebClient.create_client(f"{url}/dicomweb", auth=session)
with WsiDicom.open_web(web, study, uid) as wsi:
    assert (wsi.size.width, wsi.size.height) == (width, height), wsi.size
    for level in range(len(wsi.levels)):
        scale = 2**level
        side = (width // scale, height // scale)
        reach = (min(300, side[0]), min(300, side[1]))
        room = (side[0] - reach[0], side[1] - reach[1])
        # In the first corner, across tile borders, and in the last corner.
        for place in [(0, 0), (room[0] // 3, room[1] // 3), room]:
            theirs = np.asarray(wsi.read_region(place, level, reach).convert("RGB")).astype(int)
            query = {"x": place[0] * scale, "y": place[1] * scale, "width": reach[0] * scale, "height": reach[1] * scale}
            answer = session.get(f"{url}/tiles/{slide}/1/region.png", params={**query, "size": f"{reach[0]},{reach[1]}"})
            answer.raise_for_status()
            ours = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int)
            assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
            worst = int(np.abs(ours - theirs).max())
            print(f"wsidicom: level {level}, {reach[0]} x {reach[1]} px at {place}: largest difference {worst}")
            # Two builds of libjpeg may differ by a step or two where they enlarge chroma.
            assert worst <= 4, worst
print("good")
