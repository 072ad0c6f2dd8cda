import { type Nomenclature, nomenclature } from '@coverslip/proto/api/nomenclature.ts'

const TECHNIQUES = { HE: 'HE', IHC: 'IH', SPECIAL: 'SP', FLUORESCENCE: 'FL' }

/**
 * The nomenclature that projects begin with. Of the material only the technique is told: organ and diagnosis single
 * subjects out in small projects, so a project opts for them. One slot is kept for perineural invasion.
 */
export function defaultNomenclature(project: string): Nomenclature {
  return nomenclature.parse({
    scheme: 'C1',
    slots: [
      { kind: 'scheme', name: 'scheme' },
      { kind: 'project', name: 'project', code: projectCode(project) },
      { kind: 'subject', name: 'subject' },
      {
        kind: 'vocabulary',
        name: 'technique',
        of: 'technique',
        width: 2,
        codes: TECHNIQUES,
        notAssessed: '00',
        notApplicable: 'NN',
        unknown: 'XX',
      },
      { kind: 'spare', name: 'perineural-invasion', width: 1, notAssessed: '0', notApplicable: 'N', unknown: 'X' },
      { kind: 'random', name: 'slide', width: 4 },
    ],
  } satisfies Nomenclature)
}

/** The first four letters and digits of the project's name. */
function projectCode(project: string): string {
  const letters = project.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  return letters.slice(0, 4).padEnd(4, 'X')
}
