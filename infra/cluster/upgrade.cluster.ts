/**
 * The version before becomes this one and this one becomes the one before again, while people read, draw and upload: no tile
 * fails. infra/cluster/previous.sh makes the image of the version before.
 */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf } from '../../services/e2e/client.ts'
import { type Api, isReady, openApi } from './api.ts'
import { beginCampaign, type Campaign } from './campaign.ts'
import { allTold } from './events.ts'
import { install, type Release } from './release.ts'
import { clusterMissing, helm } from './tool.ts'

const previous = process.env.COVERSLIP_PREVIOUS_TAG
const missing =
  clusterMissing() ?? (previous ? undefined : 'COVERSLIP_PREVIOUS_TAG names no image of the version before')
const NAMESPACE = process.env.COVERSLIP_NAMESPACE ?? 'upgrade'
const CHART = new URL('../../charts/coverslip', import.meta.url).pathname
const TWICE = ['access', 'annotations', 'catalog', 'public', 'tiles']

describe.skipIf(missing)(`upgrading${missing ? ` (${missing})` : ''}`, () => {
  let api: Api
  let release: Release
  let campaign: Campaign

  beforeAll(async () => {
    api = await openApi()
    const services = Object.fromEntries(TWICE.map(name => [name, { replicas: 2 }]))
    release = await install(api, NAMESPACE, { image: { tag: previous }, front: { replicas: 2 }, services })
    campaign = await beginCampaign(clientOf({ url: release.url, token: await release.ownerToken() }))
  }, 600_000)
  afterAll(async () => {
    await campaign?.stop()
    await release?.uninstall()
    await api?.stop()
  }, 300_000)

  it('there and back without a tile that fails', async () => {
    const rows: string[] = []
    async function during(name: string, work: () => Promise<unknown>): Promise<void> {
      await sleep(4000)
      const begun = performance.now()
      await work()
      const seconds = ((performance.now() - begun) / 1000).toFixed(0)
      await sleep(4000)
      const { asked, failed, says } = campaign.since(begun)
      const of = (kind: 'drawing' | 'upload'): number[] => [asked[kind], failed[kind]]
      const counts = [asked.tile, asked.repeated, failed.tile, ...of('drawing'), ...of('upload')]
      rows.push(`| ${[`${name}${says.length > 0 ? ` (${says.join(', ')})` : ''}`, seconds, ...counts].join(' | ')} |`)
      expect(failed.tile, says.join(', ')).toBe(0)
    }
    const file = join(tmpdir(), `coverslip-upgrade-${NAMESPACE}.json`)
    await writeFile(file, JSON.stringify({ image: { tag: process.env.COVERSLIP_TAG ?? 'dev' } }))
    const at = ['--namespace', NAMESPACE, '--wait', '--timeout', '280s']
    try {
      await during('upgrade', () => helm('upgrade', 'slides', CHART, '--reuse-values', '--values', file, ...at))
      await during('rollback', () => helm('rollback', 'slides', '1', ...at))
    } finally {
      console.log([...HEAD, ...rows].join('\n'))
    }
    await campaign.stop()
    const { annotations, slides } = await campaign.verify()
    const pods = await api.pods(NAMESPACE, { 'app.kubernetes.io/component': 'nats' })
    const password = await release.secret('password')
    const told = await allTold(`nats://coverslip:${password}@${pods.find(isReady)!.status.podIP}:4222`, 120)
    console.log(`confirmed: ${annotations} annotations, ${slides} slides; events ${JSON.stringify(told)}`)
    expect(told).toMatchObject({ doubled: 0, dead: 0 })
  }, 1_200_000)
})

const HEAD = [
  '| | took s | tiles asked | sent again | failed | drawings | failed | uploads | failed |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
]
