{{/* Names, labels, images: what every object has. */}}

{{- define "coverslip.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "coverslip.fullname" -}}
{{- $name := include "coverslip.name" . -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Of (list root component). Values are quoted: a release named `n` would be a boolean. */}}
{{- define "coverslip.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "coverslip.name" $root | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 | quote }}
{{- end }}

{{- define "coverslip.labels" -}}
{{- $root := index . 0 -}}
{{ include "coverslip.selector" . }}
app.kubernetes.io/part-of: coverslip
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }}
coverslip/site: {{ $root.Values.site | quote }}
{{- with $root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* name, namespace and labels of an object of (list root component [suffix]) */}}
{{- define "coverslip.meta" -}}
{{- $root := index . 0 -}}
name: {{ include "coverslip.fullname" $root }}-{{ index . 1 }}{{ if gt (len .) 2 }}-{{ index . 2 }}{{ end }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "coverslip.labels" . | nindent 2 }}
{{- end }}

{{/* An image's name at the site's mirror, of (list root name). */}}
{{- define "coverslip.mirrored" -}}
{{- with (index . 0).Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ index . 1 }}
{{- end }}

{{/* The image of a service, of (list root service). */}}
{{- define "coverslip.image" -}}
{{- $root := index . 0 -}}
{{- $image := $root.Values.image -}}
{{- $name := ternary (printf "%s-%s" $image.repository (index . 1)) $image.repository $image.perService -}}
{{- $version := ternary (printf "@%s" $image.digest) (printf ":%s" ($image.tag | default $root.Chart.AppVersion)) (ne $image.digest "") -}}
{{ include "coverslip.mirrored" (list $root (printf "%s%s" $name $version)) }}
{{- end }}

{{- define "coverslip.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Restricted: nobody is root, nothing is gained, nothing is written but to mounted folders. */}}
{{- define "coverslip.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ int . }}
runAsGroup: {{ int . }}
fsGroup: {{ int . }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "coverslip.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ int . }}
runAsGroup: {{ int . }}
{{- end }}
capabilities: {drop: [ALL]}
{{- end }}

{{/*
The services of this site by name: their row of files/services.json, made from the contracts, under `row`, and the
values of `defaults` and `services` beside it.
*/}}
{{- define "coverslip.services" -}}
{{- $here := dict -}}
{{- range $name, $row := .Files.Get "files/services.json" | fromJson -}}
{{- $own := index $.Values.services $name | default dict -}}
{{- if and (has $.Values.site $row.sites) (ne (get $own "enabled" | toString) "false") -}}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own) -}}
{{- $_ := set $service "row" $row -}}
{{- $_ := set $here $name $service -}}
{{- end -}}
{{- end -}}
{{- /* A caller that is not at this site gets no way in. */ -}}
{{- range $here -}}
{{- $callers := list -}}
{{- range .row.calledBy }}{{ if hasKey $here . }}{{ $callers = append $callers . }}{{ end }}{{ end -}}
{{- $_ := set .row "calledBy" $callers -}}
{{- end -}}
{{ $here | toJson }}
{{- end }}

{{/* Where a secret setting is, of (list root setting service): a name and a key, or nothing when it is not given. */}}
{{- define "coverslip.secret" -}}
{{- $root := index . 0 -}}
{{- $at := index $root.Values.secrets (index . 1) -}}
{{- if $at.key -}}
{{- $name := $at.name | default (ternary (printf "%s-trial" (include "coverslip.fullname" $root)) $root.Values.secrets.name $root.Values.trial.enabled) -}}
{{ dict "name" $name "key" ($at.key | replace "{service}" (index . 2)) | toJson }}
{{- end -}}
{{- end }}

{{/* Settings of a service that come from secrets, of (list root name service), as a JSON list. */}}
{{- define "coverslip.secretSettings" -}}
{{- $root := index . 0 -}}
{{- $row := (index . 2).row -}}
{{- $wanted := list "SERVICE_SECRET" "BUS_URL" -}}
{{- $wanted = append $wanted (ternary "SIGNING_KEY" "VERIFY_KEY" (eq (index . 1) "access")) -}}
{{- if $row.database }}{{ $wanted = append $wanted "DATABASE_URL" }}{{ end -}}
{{- if $row.cache }}{{ $wanted = append $wanted "CACHE_URL" }}{{ end -}}
{{- if eq (index . 1) "intake" }}{{ $wanted = append $wanted "LINK_URL" }}{{ end -}}
{{- range $kind, $_ := $row.stores -}}
{{- if not (index $root.Values.stores $kind).claim }}{{ $wanted = append $wanted (printf "OBJECTS_%s_URL" (upper $kind)) }}{{ end -}}
{{- end -}}
{{ concat $wanted $row.secrets | toJson }}
{{- end }}

{{/* Whoever asks learns of a stop before the process does: names are kept for 5 s, and the front looks every 2. */}}
{{- define "coverslip.farewell" -}}
10
{{- end }}

{{/* The farewell, the events in work, then the requests in work, a little more. */}}
{{- define "coverslip.grace" -}}
{{ add (include "coverslip.farewell" .) (int .drain) (int .drain) 10 }}
{{- end }}
