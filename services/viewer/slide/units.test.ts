import { describe, expect, it } from 'vitest'
import {
  areaText,
  bytesText,
  lengthText,
  magnificationOf,
  magnificationText,
  presets,
  ratioText,
  resolutionFor,
  savingText,
  scaleBar,
  timeLeftText,
} from './units.ts'

describe('time left', () => {
  it.each([
    [null, ''],
    [0, 'a few seconds left'],
    [41, 'about 50 s left'],
    [91, 'about 2 min left'],
    [3600, 'about 60 min left'],
    [9000, 'about 3 h left'],
  ])('%s s: %j', (seconds, text) => {
    expect(timeLeftText(seconds)).toBe(text)
  })
})

describe('units', () => {
  it('writes lengths and areas as a person would', () => {
    expect(lengthText(12.345, true)).toBe('12.3 µm')
    expect(lengthText(1234, true)).toBe('1.23 mm')
    expect(lengthText(1234, false)).toBe('1,234 px')
    expect(areaText(99_999, true)).toBe('99,999 µm²')
    expect(areaText(2_500_000, true)).toBe('2.5 mm²')
    expect(areaText(0, false)).toBe('0 px²')
    expect(bytesText(999)).toBe('999 B')
    expect(bytesText(1_500_000)).toBe('1.5 MB')
  })

  it('tells how much was saved, or not', () => {
    expect(savingText(200, 50)).toBe('75 % less')
    expect(savingText(50, 60)).toBe('20 % more')
    expect([savingText(0, 60), savingText(50, null)]).toEqual(['', ''])
  })

  it('finds round scale bars', () => {
    expect(scaleBar(1, 120)).toEqual({ length: 100, pixels: 100 })
    expect(scaleBar(0.25, 100)).toEqual({ length: 20, pixels: 80 })
    expect(scaleBar(3, 150)).toEqual({ length: 200, pixels: 200 / 3 })
    for (const perPixel of [0.013, 0.25, 0.9, 7, 1234]) {
      const { pixels } = scaleBar(perPixel, 140)
      expect(pixels).toBeLessThanOrEqual(140.001)
      expect(pixels).toBeGreaterThan(140 / 2.51)
    }
  })

  it('tells magnification from mpp', () => {
    const mpp = 0.25
    expect(magnificationOf(mpp, 1)).toBe(40)
    expect(magnificationOf(mpp, 3.2)).toBe(12.5)
    expect(magnificationText(12.5)).toBe('12.5x')
    expect(magnificationText(0.625)).toBe('0.63x')
    expect(magnificationOf(mpp, resolutionFor(mpp, 20))).toBe(20)
    expect(ratioText(4)).toBe('1:4')
    expect(ratioText(0.5)).toBe('2:1')
  })

  it('marks presets beyond the scan', () => {
    const beyond = presets(0.5025).filter(preset => preset.beyondScan)
    expect(beyond.map(preset => preset.label)).toEqual(['40x'])
    expect(presets(0.2528).some(preset => preset.beyondScan)).toBe(false)
    expect(presets(null).map(preset => preset.label)).toEqual(['1:32', '1:16', '1:8', '1:4', '1:2', '1:1'])
  })
})
