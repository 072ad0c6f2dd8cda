/** Node's HTTP server with every answer ready, and nothing else: what any server that is built on it can reach. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { startServer, type TestServer } from '@coverslip/platform/testing/process.ts'

/** @param folder whose files are answered under their paths */
export function startBareNode(folder: string): Promise<TestServer> {
  return startServer({
    title: 'node:http',
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({ file: process.execPath, args: [import.meta.filename, folder, String(port)] }),
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/`)),
    signal: 'SIGTERM',
  })
}

if (import.meta.main) {
  const [folder, port] = process.argv.slice(2) as [string, string]
  const ready = new Map<string, [Buffer, string[]]>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = readFileSync(file)
    ready.set(file.slice(folder.length), [
      bytes,
      ['content-type', 'image/jpeg', 'content-length', String(bytes.length)],
    ])
  }
  const server = createServer((req, res) => {
    const answer = ready.get(req.url!)
    if (!answer) return void res.writeHead(404).end()
    res.writeHead(200, answer[1]).end(answer[0])
  })
  server.listen(Number(port), '127.0.0.1')
}
