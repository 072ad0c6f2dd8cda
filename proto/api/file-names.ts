/**
 * By which names files of a folder are offered for intake: in the browser, by the command and from watched folders. What a
 * file is, the server tells by its content.
 */

const SLIDE = /\.(svs|tiff?|ndpi|mrxs|scn|bif|svslide|zip)$/i
/** ImageScope and ASAP write XML, QuPath writes GeoJSON under either name. */
const ANNOTATIONS = /\.(xml|geojson|json)$/i

/** Whether a name is that of a slide, or of a zip that may hold one. */
export const isSlideName = (name: string): boolean => SLIDE.test(name)

/** Whether a name is that of a file of annotations. */
export const isAnnotationName = (name: string): boolean => ANNOTATIONS.test(name)
