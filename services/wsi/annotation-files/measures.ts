/**
 * The words that names of measurements are made of, as ImageScope, QuPath and HistomicsTK write them. A name with any
 * other word may be somebody's remark.
 */
const WORDS = new Set(
  `area areas length lengths perimeter circularity solidity eccentricity caliper diameter radius width height axis major
  minor centroid x y min max mean median std dev sd sum range average avg total number num count counts percent
  percentage ratio fraction density score h allred intensity intensities optical od value values threshold probability
  nucleus nuclei nuclear cell cells cytoplasm cytoplasmic membrane tumor tumour stroma stromal tissue pixel pixels px
  positive negative weak moderate strong positivity completeness hematoxylin haematoxylin eosin dab residual red green
  blue channel background of in per and to the mm um µm μm microns n np nwp nsp 1+ 2+ 3+ 0+ iwavg isavg iavg`
    .split(/\s+/)
    .filter(word => word !== ''),
)

/** Whether a measurement's name is made of known words alone; figures up to two digits count as words. */
export function isMeasureName(name: string): boolean {
  const words = name.toLowerCase().match(/[\p{L}\p{N}+]+/gu) ?? []
  return name.length <= 80 && words.length > 0 && words.every(word => WORDS.has(word) || /^\d{1,2}$/.test(word))
}
