/** The servers that are compared: nginx over files, and tiles as one and as two processes. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireProgram, startServer, type TestServer } from '@coverslip/platform/testing/process.ts'
import { startNode } from '../../../services/e2e/node-process.ts'

/** One worker; files by sendfile, their handles kept open, no log: the limit of what a server can do. */
export function startNginx(folder: string): Promise<TestServer> {
  const config = join(folder, 'nginx.conf')
  return startServer({
    title: 'nginx',
    url: port => `http://127.0.0.1:${port}`,
    prepare: async () => void (await mkdir(join(folder, 'run'), { recursive: true })),
    command: port => {
      void writeFile(config, nginxConf(folder, port))
      return { file: requireProgram('nginx', 'nginx'), args: ['-c', config, '-g', 'daemon off;'] }
    },
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/`)),
    signal: 'SIGTERM',
  })
}

const nginxConf = (folder: string, port: number): string => `user root;
worker_processes 1;
pid ${folder}/run/pid;
error_log ${folder}/run/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  open_file_cache max=20000;
  keepalive_requests 1000000;
  types { image/jpeg jpeg; }
  client_body_temp_path ${folder}/run/body;
  proxy_temp_path ${folder}/run/proxy;
  fastcgi_temp_path ${folder}/run/fastcgi;
  uwsgi_temp_path ${folder}/run/uwsgi;
  scgi_temp_path ${folder}/run/scgi;
  server { listen 127.0.0.1:${port}; root ${folder}/files; }
}
`

/** The tiles service with all that it has switched on. */
export function startTiles(
  title: string,
  given: { data: string; database: string; settings?: Record<string, string> },
): Promise<TestServer> {
  return startNode(title, 'services/tiles/main.ts', () => ({
    COVERSLIP_DATA: given.data,
    SCRATCH_DIR: join(given.data, `scratch-${title.replaceAll(/\W+/g, '-')}`),
    DATABASE_URL: given.database,
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: join(given.data, 'tiles.jsonl'),
    ...given.settings,
  }))
}
