{{/* What changes the number of pods, of (list root name service). */}}
{{- define "coverslip.autoscaler" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
{{- $scaling := $service.autoscaling }}
{{- if eq $scaling.type "hpa" }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "coverslip.meta" (list $root $name) | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "coverslip.fullname" $root }}-{{ $name }}}
  minReplicas: {{ int $scaling.min }}
  maxReplicas: {{ int $scaling.max }}
  metrics:
    {{- with $scaling.metrics }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ int $scaling.cpu }}}}
    {{- end }}
  behavior:
    {{- include "coverslip.behavior" $scaling | nindent 4 }}
{{- else }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "coverslip.meta" (list $root $name) | nindent 2 }}
spec:
  scaleTargetRef: {name: {{ include "coverslip.fullname" $root }}-{{ $name }}}
  minReplicaCount: {{ int $scaling.min }}
  maxReplicaCount: {{ int $scaling.max }}
  # How often NATS is asked, and for how long none must wait before the last pod goes.
  pollingInterval: 10
  cooldownPeriod: {{ int $scaling.calm }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "coverslip.behavior" $scaling | nindent 8 }}
  triggers:
    {{- range $service.row.queues }}
    - type: nats-jetstream
      metadata:
        natsServerMonitoringEndpoint: {{ include "coverslip.natsMonitoring" $root | quote }}
        account: {{ $root.Values.keda.account | quote }}
        stream: {{ .stream }}
        consumer: {{ .consumer }}
        lagThreshold: {{ int $scaling.lag | quote }}
    {{- end }}
{{- end }}
{{- end }}

{{- define "coverslip.natsMonitoring" -}}
{{- .Values.keda.monitoring | default (printf "%s-nats.%s.svc:8222" (include "coverslip.fullname" .) .Release.Namespace) -}}
{{- end }}

{{/* Quick up: twice as many or two more every 15 s. Calm down: one a minute, once less was wanted for a while. */}}
{{- define "coverslip.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies: [{type: Percent, value: 100, periodSeconds: 15}, {type: Pods, value: 2, periodSeconds: 15}]
scaleDown:
  stabilizationWindowSeconds: {{ int .calm }}
  policies: [{type: Pods, value: 1, periodSeconds: 60}]
{{- end }}
