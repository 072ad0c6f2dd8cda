{{/* Rules of NetworkPolicies. */}}

{{/* A peer of this release, of (list root component…). */}}
{{- define "coverslip.peers" -}}
{{- $root := index . 0 -}}
{{- range rest . }}
- podSelector:
    matchLabels:
      {{- include "coverslip.selector" (list $root .) | nindent 6 }}
{{- end }}
{{- end }}

{{/* Egress to a server, of (list root network-key): to the trial's, or to one that you bring because its secret is yours. */}}
{{- define "coverslip.toServer" -}}
{{- $root := index . 0 -}}
{{- $server := index $root.Values.network (index . 1) -}}
{{- $trial := get (dict
  "database" (dict "component" "postgres" "port" 5432 "setting" "DATABASE_URL")
  "bus" (dict "component" "nats" "port" 4222 "setting" "BUS_URL")
  "cache" (dict "component" "redis" "port" 6379 "setting" "CACHE_URL")
  "source" (dict "component" "s3" "port" 7070 "setting" "OBJECTS_SOURCE_URL")
  "original" (dict "component" "s3" "port" 7070 "setting" "OBJECTS_ORIGINAL_URL")
  "pyramid" (dict "component" "s3" "port" 7070 "setting" "OBJECTS_PYRAMID_URL")
) (index . 1) -}}
{{- $isTrial := and $root.Values.trial.enabled $trial -}}
{{- if $isTrial }}{{ $isTrial = not (index $root.Values.secrets $trial.setting).name }}{{ end -}}
{{- if $isTrial }}
- to:
    {{- include "coverslip.peers" (list $root $trial.component) | nindent 4 }}
  ports: [{protocol: TCP, port: {{ $trial.port }}}]
{{- else }}
- ports: [{protocol: TCP, port: {{ int $server.port }}}]
  {{- with $server.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "coverslip.toNames" -}}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
  {{- with .Values.network.dns }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* A policy for one component, of (dict root component ingress egress). */}}
{{- define "coverslip.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "coverslip.meta" (list .root .component) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "coverslip.selector" (list .root .component) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with trim .ingress }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with trim .egress }}
  egress:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Who may come in to a service, of (list root name service): its callers, the front, whoever reads metrics. */}}
{{- define "coverslip.ingressRules" -}}
{{- $root := index . 0 -}}
{{- $row := (index . 2).row -}}
{{- if $row.calledBy }}
- from:
    {{- include "coverslip.peers" (concat (list $root) $row.calledBy) | nindent 4 }}
  ports: [{protocol: TCP, port: grpc}]
{{- end }}
{{- if $row.http }}
- from:
    {{- include "coverslip.peers" (list $root "front") | nindent 4 }}
  ports: [{protocol: TCP, port: http}]
{{- end }}
{{- if and $row.prefixes (or (and $root.Values.ingress.enabled $root.Values.ingress.direct) (and $root.Values.gateway.enabled $root.Values.gateway.direct)) }}
- ports: [{protocol: TCP, port: http}]
  {{- with $root.Values.network.clients }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with $root.Values.network.monitoring }}
- from:
    {{- toYaml . | nindent 4 }}
  ports: [{protocol: TCP, port: metrics}]
{{- end }}
{{- end }}

{{/* Whom a service may reach: names, those whom it calls, its servers and stores; nobody else. */}}
{{- define "coverslip.egressRules" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
{{- $row := $service.row -}}
{{ include "coverslip.toNames" $root }}
{{ include "coverslip.toServer" (list $root "bus") }}
{{- if $row.calls }}
- to:
    {{- include "coverslip.peers" (concat (list $root) $row.calls) | nindent 4 }}
  ports: [{protocol: TCP, port: 50051}]
{{- end }}
{{- if $row.database }}{{ include "coverslip.toServer" (list $root "database") }}{{ end }}
{{- if $row.cache }}{{ include "coverslip.toServer" (list $root "cache") }}{{ end }}
{{- $stores := list }}
{{- range $kind, $_ := $row.stores }}
{{- $given := include "coverslip.secret" (list $root (printf "OBJECTS_%s_URL" (upper $kind)) $name) }}
{{- if and $given (not (index $root.Values.stores $kind).claim) }}{{ $stores = append $stores (include "coverslip.toServer" (list $root $kind)) }}{{ end }}
{{- end }}
{{- range uniq $stores }}{{ . }}{{ end }}
{{- if and (eq $name "access") (include "coverslip.secret" (list $root "SMTP_URL" $name)) }}{{ include "coverslip.toServer" (list $root "mail") }}{{ end }}
{{- if and (eq $name "access") $root.Values.oidc.issuer }}{{ include "coverslip.toServer" (list $root "oidc") }}{{ end }}
{{- if $root.Values.tracing.endpoint }}{{ include "coverslip.toServer" (list $root "traces") }}{{ end }}
{{- with $service.egress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Whether anything goes to a server of `network` by way of the network, of (list root what). */}}
{{- define "coverslip.reached" -}}
{{- $root := index . 0 -}}
{{- $what := index . 1 -}}
{{- if not (hasKey $root.Values.stores $what) }}yes
{{- else if and (not (index $root.Values.stores $what).claim) (include "coverslip.secret" (list $root (printf "OBJECTS_%s_URL" (upper $what)) "")) }}yes
{{- end -}}
{{- end }}
