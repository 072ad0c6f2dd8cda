import type { User } from '@coverslip/proto/api.ts'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Account } from '../parts/account.tsx'
import { Logo } from '../parts/logo.tsx'
import { projectPath, SECTIONS, type Section } from '../projects/address.ts'
import { rememberedProjects, rememberProject, stewardedProjects } from '../projects/known.ts'
import { ProjectPicker } from './picker.tsx'

interface ProjectFrameProps {
  user: User
  project: string
  section: Section
  children: ComponentChildren
}

/** The head of every page of a project: which one, whose, and its other pages. */
export function ProjectFrame({ user, project, section, children }: ProjectFrameProps) {
  const title = SECTIONS.find(({ name }) => name === section)?.title ?? ''
  useEffect(() => {
    document.title = `${title} · ${project} · Coverslip`
    rememberProject(localStorage, project)
  }, [title, project])
  const current = useRef<HTMLAnchorElement>(null)
  // On a narrow screen it may be beyond the edge.
  useEffect(() => current.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [section])
  const projects = stewardedProjects(user, [project, ...rememberedProjects(localStorage)])
  return (
    <div class="page">
      <header class="page-header">
        <a class="home" href="/" title="All slides">
          <Logo />
          <b>Coverslip</b>
        </a>
        <ProjectPicker
          label="Project"
          user={user}
          projects={projects}
          value={project}
          onChange={other => location.assign(projectPath(other, section))}
        />
        <span class="grow" />
        <Account user={user} />
      </header>
      <nav class="sections" aria-label="Project">
        {SECTIONS.map(({ name, title }) => (
          <a
            key={name}
            ref={name === section ? current : null}
            href={projectPath(project, name)}
            aria-current={name === section ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <main>{children}</main>
    </div>
  )
}
