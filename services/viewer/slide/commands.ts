/** Carries out what a key asks for. */
import { boxOf } from '../annotations/geometry.ts'
import type { AnnotationFeature, Box } from '../annotations/model.ts'
import type { AnnotationSession } from '../annotations/session.ts'
import type { Command } from '../tools/keymap.ts'
import type { Controller } from './controller.ts'
import type { SlideMap } from './map.ts'
import type { SlideState } from './state.ts'
import { isVisible } from './state.ts'
import { presets } from './units.ts'

export interface Page {
  state: SlideState
  session: AnnotationSession
  slideMap: SlideMap
  controller: Controller
}

/** Reading order: rows of the slide from top to bottom, from left to right within. */
export function inReadingOrder(features: Iterable<AnnotationFeature>, rowHeight: number): AnnotationFeature[] {
  const placed = [...features].map(feature => ({ feature, box: boxOf(feature.geometry) }))
  const row = (box: Box) => Math.floor(box[1] / rowHeight)
  return placed.sort((a, b) => row(a.box) - row(b.box) || a.box[0] - b.box[0]).map(({ feature }) => feature)
}

/** The annotation after (or before) the selected one; around at the end. */
export function neighbour<T>(list: readonly T[], current: T | undefined, by: 1 | -1): T | undefined {
  const index = current === undefined ? -1 : list.indexOf(current)
  if (index < 0) return by === 1 ? list[0] : list.at(-1)
  return list[(index + by + list.length) % list.length]
}

export const listed = ({ state, session }: Pick<Page, 'state' | 'session'>): AnnotationFeature[] =>
  inReadingOrder(session.features.values(), Math.max(1, state.slide.height / 20))

export function goToNext(page: Page, by: 1 | -1) {
  const list = listed(page).filter(feature => isVisible(page.state, feature))
  const next = neighbour(list, page.controller.selected()[0], by)
  if (next) page.controller.zoomToAnnotation(next)
}

export function run(page: Page, command: Command) {
  const { state, session, slideMap, controller } = page
  switch (command.do) {
    case 'tool':
      if (state.writable || command.tool === 'select') state.tool.value = command.tool
      return
    case 'pan':
      return slideMap.panBy(command.x, command.y, command.far)
    case 'zoom':
      return slideMap.zoomTo(state.view.value.resolution / 1.5 ** command.by)
    case 'preset':
      return slideMap.zoomTo(presets(state.slide.mpp)[command.index]?.resolution ?? state.view.value.resolution)
    case 'rotate':
      return slideMap.rotateBy(command.by)
    case 'home':
      return slideMap.fitSlide()
    case 'term':
      return controller.chooseTerm(state.terms.value[command.index] ?? state.term.value)
    case 'next':
      return goToNext(page, command.by)
    case 'undo':
      return state.drawing.value ? controller.removeLastCorner() : session.undo()
    case 'redo':
      return session.redo()
    case 'delete':
      return controller.deleteSelected()
    case 'step-back':
      return state.drawing.value ? controller.removeLastCorner() : controller.deleteSelected()
    case 'finish':
      return controller.finishShape()
    case 'cancel':
      return controller.cancel()
    case 'toggle-all':
      state.allHidden.value = !state.allHidden.value
      return
    case 'toggle-minimap':
      state.minimap.value = !state.minimap.value
      return
    case 'help':
      state.help.value = !state.help.value
  }
}
