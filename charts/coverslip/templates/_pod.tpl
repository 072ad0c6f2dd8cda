{{/* The pod of a service, of (list root name service). */}}

{{- define "coverslip.env" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
{{- $full := include "coverslip.fullname" $root -}}
- {name: SITE, value: {{ $root.Values.site | quote }}}
- {name: PUBLIC_URL, value: {{ $root.Values.publicUrl | quote }}}
- {name: HOST, value: '0.0.0.0'}
- {name: PORT, value: '8080'}
- {name: METRICS_HOST, value: '0.0.0.0'}
- {name: METRICS_PORT, value: '9090'}
- {name: RPC_HOST, value: '0.0.0.0'}
- {name: RPC_PORT, value: '50051'}
- {name: COVERSLIP_DATA, value: /tmp/data}
- {name: SCRATCH_DIR, value: /tmp/scratch}
- {name: DRAIN_TIMEOUT, value: {{ printf "%ds" (int $service.drain) | quote }}}
- {name: UV_THREADPOOL_SIZE, value: '16'}
- {name: MALLOC_ARENA_MAX, value: '2'}
# The image libraries keep their memory outside of the heap; of the heap, short-lived objects take 48 MiB instead of 128.
- {name: NODE_OPTIONS, value: '--max-old-space-size-percentage=60 --max-semi-space-size=16'}
{{- with $root.Values.tracing.endpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- range $service.row.calls }}
- {name: RPC_{{ upper . }}_URL, value: 'dns:///{{ $full }}-{{ . }}-grpc.{{ $root.Release.Namespace }}.svc:50051'}
{{- end }}
{{- include "coverslip.tlsEnv" (list $root $name) }}
{{- if and (eq $name "access") $root.Values.oidc.issuer }}
{{- with $root.Values.oidc }}
- {name: OIDC_ISSUER, value: {{ .issuer | quote }}}
- {name: OIDC_CLIENT_ID, value: {{ .clientId | quote }}}
- {name: OIDC_NAME, value: {{ .name | quote }}}
- {name: OIDC_ROLES, value: {{ .roles | toJson | quote }}}
{{- end }}
{{- end }}
{{- if eq $name "public" }}
- {name: TRUST_PROXY, value: '1'}
{{- end }}
{{- if and (eq $name "subjects") $root.Values.secrets.LINK_URL.key (not (hasKey $service.settings "WITHDRAWAL_KEEPERS")) }}
- {name: WITHDRAWAL_KEEPERS, value: 'ingest,deidentify,pyramid,tiles,annotations,catalog,tiles@cloud,annotations@cloud,catalog@cloud'}
{{- end }}
{{- range $kind, $_ := $service.row.stores }}
{{- $setting := printf "OBJECTS_%s_URL" (upper $kind) }}
{{- if (index $root.Values.stores $kind).claim }}
- {name: {{ $setting }}, value: 'file:/stores/{{ $kind }}'}
{{- else if not (include "coverslip.secret" (list $root $setting $name)) }}
- {name: {{ $setting }}, value: 'none:'}
{{- end }}
{{- end }}
{{- range include "coverslip.secretSettings" . | fromJsonArray }}
{{- if include "coverslip.secret" (list $root . $name) }}
- {name: {{ . }}_FILE, value: /secrets/{{ . }}}
{{- end }}
{{- end }}
{{- range $setting, $value := $service.settings }}
- {name: {{ $setting }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- with $service.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "coverslip.mounts" -}}
{{- $root := index . 0 -}}
{{- $service := index . 2 -}}
- {name: scratch, mountPath: /tmp}
- {name: secrets, mountPath: /secrets, readOnly: true}
{{- include "coverslip.tlsMounts" (list $root (index . 1)) }}
{{- range $kind, $access := $service.row.stores }}
{{- if (index $root.Values.stores $kind).claim }}
- {name: {{ $kind }}, mountPath: /stores/{{ $kind }}, readOnly: {{ eq $access "read" }}}
{{- end }}
{{- end }}
{{- with $service.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "coverslip.volumes" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
- {name: scratch, emptyDir: {sizeLimit: {{ $service.scratch }}}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $setting := include "coverslip.secretSettings" . | fromJsonArray }}
      {{- with include "coverslip.secret" (list $root $setting $name) }}
      {{- with fromJson . }}
      - secret: {name: {{ .name }}, items: [{key: {{ .key }}, path: {{ $setting }}}]}
      {{- end }}
      {{- end }}
      {{- end }}
{{- include "coverslip.tlsVolumes" (list $root $name) }}
{{- range $kind, $access := $service.row.stores }}
{{- with (index $root.Values.stores $kind).claim }}
- {name: {{ $kind }}, persistentVolumeClaim: {claimName: {{ . }}, readOnly: {{ eq $access "read" }}}}
{{- end }}
{{- end }}
{{- with $service.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Three questions: is it up at all, do the servers that it needs answer, does its event loop turn. */}}
{{- define "coverslip.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ div (int .startup) 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "coverslip.pod" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
metadata:
  labels:
    {{- include "coverslip.labels" . | nindent 4 }}
    {{- with $service.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $service.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "coverslip.fullname" $root }}-{{ $name }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "coverslip.grace" $service }}
  securityContext:
    {{- include "coverslip.podSecurity" $root | nindent 4 }}
  {{- include "coverslip.pullSecrets" $root | nindent 2 }}
  containers:
    - name: {{ $name }}
      image: {{ include "coverslip.image" (list $root $name) | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [/app/node_modules/.bin/node, /app/{{ $service.row.main }}]
      env:
        {{- include "coverslip.env" . | nindent 8 }}
      ports:
        - {name: http, containerPort: 8080}
        - {name: grpc, containerPort: 50051}
        - {name: metrics, containerPort: 9090}
      {{- include "coverslip.probes" $service | nindent 6 }}
      lifecycle: {preStop: {sleep: {seconds: {{ include "coverslip.farewell" . }}}}}
      resources:
        {{- toYaml $service.resources | nindent 8 }}
      securityContext:
        {{- include "coverslip.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        {{- include "coverslip.mounts" . | nindent 8 }}
  volumes:
    {{- include "coverslip.volumes" . | nindent 4 }}
  {{- include "coverslip.placement" . | nindent 2 }}
{{- end }}

{{- define "coverslip.placement" -}}
{{- $service := index . 2 -}}
topologySpreadConstraints:
  {{- range $key, $skew := $service.spread }}
  - topologyKey: {{ $key }}
    maxSkew: {{ int $skew }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "coverslip.selector" $ | nindent 8 }}
  {{- end }}
affinity:
  {{- with $service.affinity }}
  {{- toYaml . | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 1
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "coverslip.selector" . | nindent 14 }}
  {{- end }}
{{- with $service.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
