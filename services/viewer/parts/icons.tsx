/** Line icons, drawn for this page on a 20 x 20 grid. */
import type { ComponentChildren } from 'preact'

const icon = (content: ComponentChildren) => () => (
  <svg
    class="icon"
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    {content}
  </svg>
)

export const Icons = {
  select: icon(<path d="M4 3l5 13 2-5 5-2z" />),
  polygon: icon(<path d="M4 8l6-5 6 4-2 9H6z" />),
  freehand: icon(<path d="M3 13c2-6 5-8 6-5s-3 7 1 7 4-7 7-9" />),
  rectangle: icon(<rect x="3" y="5" width="14" height="10" rx=".5" />),
  ellipse: icon(<ellipse cx="10" cy="10" rx="7" ry="5" />),
  point: icon(
    <>
      <circle cx="10" cy="10" r="2.4" fill="currentColor" />
      <path d="M10 2v3M10 15v3M2 10h3M15 10h3" />
    </>,
  ),
  ruler: icon(<path d="M2.5 13.5l11-11 4 4-11 11zM6 10l1.5 1.5M8.5 7.5l2.5 2.5M11 5l1.5 1.5" />),
  undo: icon(<path d="M7 4L3 8l4 4M3 8h8a5 5 0 010 10H8" />),
  redo: icon(<path d="M13 4l4 4-4 4M17 8H9a5 5 0 000 10h3" />),
  home: icon(<path d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4" />),
  eye: icon(
    <>
      <path d="M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5z" />
      <circle cx="10" cy="10" r="2.2" />
    </>,
  ),
  eyeOff: icon(<path d="M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM4 17L16 3" />),
  trash: icon(<path d="M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11" />),
  target: icon(
    <>
      <circle cx="10" cy="10" r="5" />
      <path d="M10 2v4M10 14v4M2 10h4M14 10h4" />
    </>,
  ),
  lock: icon(<path d="M5 9h10v8H5zM7 9V6a3 3 0 016 0v3" />),
  upload: icon(<path d="M10 14V4M6 8l4-4 4 4M3 14v3h14v-3" />),
  download: icon(<path d="M10 3v10M6 9l4 4 4-4M3 14v3h14v-3" />),
  help: icon(<path d="M7.2 7a2.8 2.8 0 115 1.7c-1.2 1-2.2 1.4-2.2 3M10 15.4v.1" />),
  panel: icon(<path d="M3 4h14v12H3zM12.5 4v12" />),
  back: icon(<path d="M12 4l-6 6 6 6" />),
  close: icon(<path d="M5 5l10 10M15 5L5 15" />),
  plus: icon(<path d="M10 4v12M4 10h12" />),
  minus: icon(<path d="M4 10h12" />),
  next: icon(<path d="M7 4l6 6-6 6" />),
  folder: icon(<path d="M2.5 5h5l2 2h8v9h-15z" />),
  search: icon(<path d="M8.5 3a5.5 5.5 0 110 11 5.5 5.5 0 010-11zM13 13l4 4" />),
}
export type IconName = keyof typeof Icons
