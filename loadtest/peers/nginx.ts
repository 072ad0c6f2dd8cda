/** nginx with one worker or several, no log, and whatever its server block says. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram, startServer, type TestServer } from '@coverslip/platform/testing/process.ts'

/** @param server lines of the server block */
export function startNginx(server: string, workers = 1): Promise<TestServer> {
  return startServer({
    title: 'nginx',
    url: port => `http://127.0.0.1:${port}`,
    prepare: async folder => void mkdirSync(join(folder, 'run')),
    command(port, folder) {
      const config = join(folder, 'nginx.conf')
      writeFileSync(config, nginxConf(folder, port, { server, workers }))
      return { file: requireProgram('nginx', 'nginx'), args: ['-c', config, '-g', 'daemon off;'] }
    },
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/`)),
    signal: 'SIGTERM',
  })
}

/** Files by sendfile, their handles kept open: the limit of what a server can do. */
export const startFiles = (folder: string, workers = 1): Promise<TestServer> => startNginx(`root ${folder};`, workers)

const nginxConf = (
  folder: string,
  port: number,
  { server, workers }: { server: string; workers: number },
): string => `user root;
worker_processes ${workers};
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
  server {
    listen 127.0.0.1:${port};
    ${server}
  }
}
`
