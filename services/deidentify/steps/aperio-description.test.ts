import { describe, expect, it } from 'vitest'
import { cleanAperioDescription } from './aperio-description.ts'

const PROSE = 'Aperio Image Library v11.2.1 \r\n46000x32914 [0,0 46000x32914] (240x240) JPEG/RGB Q=30'

describe('the description of an Aperio slide', () => {
  it('keeps what readers need, in order and to the letter', () => {
    const kept = `${PROSE}|AppMag = 20|MPP = 0.4990|Left = 25.691574|Top=-3|OriginalWidth = 46920`
    expect(cleanAperioDescription(kept)).toEqual({ text: kept, taken: [], secrets: [] })
  })

  it('removes pairs by key', () => {
    const { text, taken } = cleanAperioDescription(`${PROSE}|AppMag = 20|User = b.marchbanks|Date = 05/23/24|MPP = 0.5`)
    expect(text).toBe(`${PROSE}|AppMag = 20|MPP = 0.5`)
    expect(taken.map(({ name }) => name)).toEqual(['User', 'Date'])
  })

  it('removes pairs by value: a name does not get through behind a harmless key', () => {
    const { text, secrets } = cleanAperioDescription(`${PROSE}|AppMag = Quillfeather|MPP = 0.5|Left = S24-90817-A1`)
    expect(text).toBe(`${PROSE}|MPP = 0.5`)
    expect(secrets.map(String)).toEqual(['Quillfeather', 'S24-90817-A1'])
  })

  it('splits a pair at its first equals sign', () => {
    const { secrets } = cleanAperioDescription(`${PROSE}|Title = a=b|CustomField.LabelText = Ferncliff = S24`)
    expect(secrets.map(String)).toContain('Ferncliff = S24')
  })

  it('withholds the names of keys that it does not know', () => {
    const { taken, secrets } = cleanAperioDescription(`${PROSE}|Quillfeather Ottoline = yes|CustomField.PatientID = 7`)
    expect(taken.map(({ name }) => name)).toEqual(['unknown key', 'unknown key'])
    expect(JSON.stringify(taken)).not.toContain('Quill')
    expect(secrets.map(String)).toContain('Quillfeather Ottoline')
  })

  it('removes prose that is not of the known forms, chained exports included', () => {
    const chained = `${PROSE};Aperio Image Library v10.0.51\r\n46920x33014 [0,100 46000x32914] (256x256) JPEG/RGB Q=30`
    expect(cleanAperioDescription(chained).text).toBe(chained)
    const { text, taken, secrets } = cleanAperioDescription(`${PROSE};Biopsy of Ottoline Quillfeather|MPP = 0.5`)
    expect(text).toBe(`${PROSE}|MPP = 0.5`)
    expect(taken).toEqual([{ kind: 'text', name: 'prose', length: 31 }])
    expect(String(secrets[0])).toBe('Biopsy of Ottoline Quillfeather')
  })

  it('always begins with "Aperio", never longer than before, and is clean after one go', () => {
    for (const text of [
      'Aperio slide of Quillfeather|MPP = 0.5',
      'Aperio Image Library v1|User = x',
      'Aperio\nQuillfeather',
      'Aperio Quillfeather;100x100',
      'AperioQ',
    ]) {
      const once = cleanAperioDescription(text)
      expect(once.text).toMatch(/^Aperio/)
      expect(once.text).not.toContain('Quill')
      expect(once.text.length).toBeLessThanOrEqual(text.length)
      expect(cleanAperioDescription(once.text)).toEqual({ text: once.text, taken: [], secrets: [] })
    }
  })
})
