{{/* The pod of a backup, a restore or a scrub, of (list root command…): what it asks PostgreSQL's programs, a container beside it does. */}}
{{- define "coverslip.backupPod" -}}
{{- $root := index . 0 -}}
{{- $program := index . 1 -}}
{{- $backup := $root.Values.backup -}}
{{- $at := list $root "backup" -}}
{{- $services := include "coverslip.services" $root | fromJson -}}
{{- $asks := ne $program "scrub" -}}
metadata:
  labels:
    {{- include "coverslip.labels" $at | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "coverslip.fullname" $root }}-backup
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    {{- include "coverslip.podSecurity" $root | nindent 4 }}
  {{- include "coverslip.pullSecrets" $root | nindent 2 }}
  {{- with $root.Values.defaults.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.defaults.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $asks }}
  initContainers:
    # Ends when the program beside it does.
    - name: postgres
      image: {{ include "coverslip.mirrored" (list $root ($backup.image | default $root.Values.trial.images.postgres)) | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      restartPolicy: Always
      command:
        - sh
        - -c
        - {{ printf "PATH=\"$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)\"\n%s" ($root.Files.Get "files/backup-database.sh") | quote }}
        - backup-database.sh
        - /handover
      {{- if $root.Values.tls.authorities.configMap }}
      env:
        - {name: PGSSLROOTCERT, value: /authorities/ca.crt}
      {{- end }}
      resources:
        {{- toYaml $backup.resources | nindent 8 }}
      securityContext:
        {{- include "coverslip.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - {name: handover, mountPath: /handover}
        - {name: dumps, mountPath: /handover/dumps}
        {{- include "coverslip.tlsMounts" $at | nindent 8 }}
  {{- end }}
  containers:
    - name: {{ $program }}
      image: {{ include "coverslip.image" (list $root "pyramid") | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [/app/node_modules/.bin/node, /app/infra/backup/{{ $program }}.ts{{ range slice . 2 }}, {{ . | quote }}{{ end }}]
      env:
        - {name: DATABASE_URLS, value: /database}
        - {name: BUS_URL_FILE, value: /secrets/BUS_URL}
        - {name: NODE_OPTIONS, value: '--max-old-space-size-percentage=60'}
        {{- include "coverslip.tlsEnv" $at | nindent 8 }}
        {{- if $asks }}
        - {name: HANDOVER, value: /handover}
        - {name: BACKUP_KEEP, value: {{ $backup.keep | quote }}}
        - {{ if $backup.claim }}{name: BACKUP_URL, value: 'file:/backup'}{{ else }}{name: BACKUP_URL_FILE, value: /secrets/BACKUP_URL}{{ end }}
        {{- end }}
        {{- range $kind := list "source" "original" "pyramid" }}
        {{- $setting := printf "OBJECTS_%s_URL" (upper $kind) }}
        {{- if (index $root.Values.stores $kind).claim }}
        - {name: {{ $setting }}, value: 'file:/stores/{{ $kind }}'}
        {{- else if include "coverslip.backupSecret" (list $root $setting) }}
        - {name: {{ $setting }}_FILE, value: /secrets/{{ $setting }}}
        {{- else }}
        - {name: {{ $setting }}, value: 'none:'}
        {{- end }}
        {{- end }}
        {{- if and (not $asks) (hasKey $services "ingest") }}
        - {name: SOURCE_HASH_KEY_FILE, value: /secrets/SOURCE_HASH_KEY}
        {{- end }}
      resources:
        {{- toYaml $backup.resources | nindent 8 }}
      securityContext:
        {{- include "coverslip.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - {name: temporary, mountPath: /tmp}
        {{- include "coverslip.tlsMounts" $at | nindent 8 }}
        - {name: secrets, mountPath: /secrets, readOnly: true}
        - {name: database, mountPath: /database, readOnly: true}
        {{- if $asks }}
        - {name: handover, mountPath: /handover}
        - {name: dumps, mountPath: /handover/dumps}
        {{- end }}
        {{- if and $asks $backup.claim }}
        - {name: backup, mountPath: /backup}
        {{- end }}
        {{- range $kind := list "source" "original" "pyramid" }}
        {{- if (index $root.Values.stores $kind).claim }}
        - {name: {{ $kind }}, mountPath: /stores/{{ $kind }}, readOnly: {{ ne $program "restore" }}}
        {{- end }}
        {{- end }}
  volumes:
    - {name: temporary, emptyDir: {sizeLimit: 64Mi}}
    {{- include "coverslip.tlsVolumes" $at | nindent 4 }}
    {{- if $asks }}
    # Addresses with passwords: in memory only.
    - {name: handover, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
    - {name: dumps, emptyDir: {sizeLimit: {{ $backup.scratch }}}}
    {{- end }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- $wanted := list "BUS_URL" "OBJECTS_SOURCE_URL" "OBJECTS_ORIGINAL_URL" "OBJECTS_PYRAMID_URL" }}
          {{- if and $asks (not $backup.claim) }}{{ $wanted = append $wanted "BACKUP_URL" }}{{ end }}
          {{- if and (not $asks) (hasKey $services "ingest") }}{{ $wanted = append $wanted "SOURCE_HASH_KEY" }}{{ end }}
          {{- range $setting := $wanted }}
          {{- with include "coverslip.backupSecret" (list $root $setting) | fromJson }}
          {{- if .name }}
          - secret: {name: {{ .name }}, items: [{key: {{ .key }}, path: {{ $setting }}}]}
          {{- end }}
          {{- end }}
          {{- end }}
    # The address and the role of each service under the name of its schema.
    - name: database
      projected:
        defaultMode: 0440
        sources:
          {{- range $name, $service := $services }}
          {{- if $service.row.database }}
          {{- $secret := include "coverslip.secret" (list $root "DATABASE_URL" $name) | fromJson }}
          - secret: {name: {{ $secret.name }}, items: [{key: {{ $secret.key }}, path: {{ $name }}}]}
          {{- end }}
          {{- end }}
    {{- if and $asks $backup.claim }}
    - {name: backup, persistentVolumeClaim: {claimName: {{ $backup.claim }}}}
    {{- end }}
    {{- range $kind := list "source" "original" "pyramid" }}
    {{- with (index $root.Values.stores $kind).claim }}
    - {name: {{ $kind }}, persistentVolumeClaim: {claimName: {{ . }}, readOnly: {{ ne $program "restore" }}}}
    {{- end }}
    {{- end }}
{{- end }}

{{/* Where a secret setting of a backup is, of (list root setting): nothing for a store on a claim, or one that this site has not. */}}
{{- define "coverslip.backupSecret" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 | replace "OBJECTS_" "" | replace "_URL" "" | lower -}}
{{- $absent := and (eq $kind "source") (eq $root.Values.site "cloud") -}}
{{- if not (or $absent (dig $kind "claim" "" $root.Values.stores)) }}{{ include "coverslip.secret" (list $root (index . 1) "") }}{{ end -}}
{{- end }}
