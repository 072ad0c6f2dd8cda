/** Groups whose annotations do not count: ASAP's own word, and the one of the CAMELYON data sets. */
export const EXCLUSION_GROUP = 'Exclusion'
export const isExclusionGroup = (name: string): boolean => /^(exclusion|exclude|_2)$/i.test(name.trim())

/** `PartOfGroup` of an annotation in no group. */
export const NO_GROUP = 'None'

/** ASAP wants a name for each annotation; this is the one that it makes up itself. */
export const GIVEN_NAME = /^Annotation \d+$/

/** A hole names the annotation that it is cut from; ASAP itself knows no holes. */
export const HOLE_SUFFIX = ' (hole)'
