/** The attribute of a region that carries its term, which ImageScope itself does not know. */
export const TERM_HEADER = 'Term'
/** The term of a negative region that is no hole of an annotation. */
export const EXCLUDE = 'Exclude'
