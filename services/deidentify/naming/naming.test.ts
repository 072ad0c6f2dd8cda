import { nomenclature } from '@coverslip/proto/api/nomenclature.ts'
import { Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { describe, expect, it } from 'vitest'
import { checkCharacter, isSubjectCode, newSubjectCode } from './characters.ts'
import { defaultNomenclature } from './default.ts'
import { nameSlide, previewName } from './name.ts'
import { crowdOf, toldBy } from './singled-out.ts'

const ABSENT = { notAssessed: '000', notApplicable: 'NNN', unknown: 'XXX' }
const ORGAN = {
  kind: 'vocabulary',
  name: 'organ',
  of: 'organ',
  width: 3,
  codes: { breast: 'C50', colon: 'C18' },
  ...ABSENT,
}
const BASE = [
  { kind: 'scheme', name: 'scheme' },
  { kind: 'subject', name: 'subject' },
  { kind: 'random', name: 'slide', width: 4 },
]
const withSlots = (...slots: object[]) => ({ scheme: 'T2', slots: [...BASE, ...slots] })
const material = (organ: string) => ({ technique: Technique.HE, stain: 'HE', organ, diagnosis: '', scanner: '' })

describe('a code of a subject', () => {
  it('is checked by its last character: any wrong character shows', () => {
    const code = newSubjectCode()
    expect(isSubjectCode(code)).toBe(true)
    for (let i = 0; i < 8; i++) {
      for (const other of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (other === code[i]) continue
        expect(checkCharacter(code.slice(0, i) + other + code.slice(i + 1, 8))).not.toBe(code[8])
      }
    }
  })
})

describe('a name', () => {
  it('is random, of one width, from the allowed characters, and different at each draw', () => {
    const scheme = defaultNomenclature('default')
    const names = Array.from({ length: 2000 }, () => nameSlide(scheme, { subject: '', material: undefined }).name)
    expect(new Set(names).size).toBe(2000)
    for (const name of names) expect(name).toMatch(/^C1-DEFA-[0-9A-HJKMNP-TV-Z]{9}-XX-0-[0-9A-HJKMNP-TV-Z]{4}$/)
  })

  it('tells the subject by its pseudonym and the material by codes', () => {
    const subject = newSubjectCode()
    const { name, slots, warnings } = nameSlide(nomenclature.parse(withSlots(ORGAN)), {
      subject,
      material: material('colon'),
    })
    expect(name).toMatch(new RegExp(`^T2-${subject}-.{4}-C18$`))
    expect(slots.at(-1)).toEqual({ name: 'organ', kind: 'vocabulary', code: 'C18', value: 'colon' })
    expect(warnings).toEqual([])
  })

  it.each([
    ['', 'XXX'],
    ['unknown', 'XXX'],
    ['Not assessed', '000'],
    ['NOT_APPLICABLE', 'NNN'],
  ])('has codes of their own for what is not there: %j is %s', (organ, code) => {
    const named = previewName(nomenclature.parse(withSlots(ORGAN)), { subject: '', material: material(organ) })
    expect(named.name).toBe(`T2-?????????-????-${code}`)
    expect(named.warnings).toEqual([])
  })

  it('names the slot, not the value, when the vocabulary has no code', () => {
    const named = previewName(nomenclature.parse(withSlots(ORGAN)), {
      subject: 'Quillfeather',
      material: material('toenail'),
    })
    expect(named.slots.at(-1)?.code).toBe('XXX')
    expect(named.warnings).toHaveLength(2)
    expect(named.warnings.join()).toMatch(/"subject".*"organ"/)
    expect(named.warnings.join()).not.toMatch(/toenail|Quillfeather/)
  })
})

describe('a nomenclature', () => {
  const refuse = (value: unknown): string => {
    const { success, error } = nomenclature.safeParse(value)
    expect(success).toBe(false)
    return JSON.stringify(error?.issues)
  }
  it.each([
    [withSlots({ ...ORGAN, codes: { breast: 'C5' } }), 'slot \\"organ\\": every code must have 3 characters'],
    [withSlots({ ...ORGAN, codes: { breast: 'XXX' } }), 'slot \\"organ\\": two of its codes are the same'],
    [withSlots({ ...ORGAN, unknown: 'NNN' }), 'slot \\"organ\\": two of its codes are the same'],
    [withSlots(ORGAN, ORGAN), 'slot \\"organ\\" is there twice'],
    [withSlots({ kind: 'literal', name: 'site', text: 'Bern' }), 'capital letters and digits'],
    [withSlots(...['a', 'b', 'c'].map(name => ({ kind: 'random', name, width: 16 }))), 'at most 64 are allowed'],
    [{ scheme: 'T2', slots: BASE.slice(0, 2) }, 'random characters'],
    [{ scheme: 'T2', slots: BASE.slice(1) }, 'kind \\"scheme\\"'],
  ])('is refused with the reason: %#', (value, reason) => {
    expect(refuse(value)).toContain(reason)
  })
})

describe('a name that singles out', () => {
  const peer = (subject: string, organ: string, stain = 'HE') => ({ subject, told: { organ, stain } })
  const crowd = Array.from({ length: 6 }, (_, i) => peer(`s${i}`, 'C18'))

  it('is one whose codes few subjects share; slides of one subject count once', () => {
    expect(crowdOf(peer('s0', 'C18'), crowd, 5)).toEqual({ subjects: 6, singledOutBy: [] })
    expect(crowdOf(peer('s0', 'C18'), [peer('s1', 'C18'), peer('s1', 'C18')], 3)).toMatchObject({ subjects: 2 })
  })
  it('is looked for in the record, too, which tells more than the name', () => {
    const scheme = nomenclature.parse(withSlots(ORGAN))
    const slide = { subject: 's0', material: { ...material('colon'), diagnosis: 'rare' } }
    const told = toldBy(scheme, nameSlide(scheme, slide).slots, slide.material)
    expect(told).toEqual({ organ: 'C18', 'stain (record)': 'HE', 'diagnosis (record)': 'rare' })
    const others = crowd.map(({ subject }) => ({ subject, told: { ...told, 'diagnosis (record)': 'common' } }))
    expect(crowdOf({ subject: 's0', told }, others, 5).singledOutBy).toEqual(['diagnosis (record)'])
  })
  it('is told by the slot that does it', () => {
    expect(crowdOf(peer('s9', 'C50'), [...crowd, peer('s7', 'C50')], 5)).toEqual({
      subjects: 2,
      singledOutBy: ['organ'],
    })
  })
  it('is told by the slots that do it together', () => {
    const others = [...crowd, ...Array.from({ length: 6 }, (_, i) => peer(`t${i}`, 'C50', 'KI67'))]
    expect(crowdOf(peer('s9', 'C50', 'HE'), others, 5)).toEqual({ subjects: 1, singledOutBy: ['organ', 'stain'] })
  })
})
