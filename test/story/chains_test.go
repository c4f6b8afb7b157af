package story

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/controllers"
)

const shop = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, spec: {storageClassName: standard, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: v1, kind: ResourceQuota, metadata: {name: bound, namespace: shop}, spec: {hard: {pods: "20"}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: shop}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: shop}, spec: {minReplicas: 3, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:v1"}]
---
apiVersion: v1
kind: Pod
metadata: {name: keeper, namespace: shop}
spec:
  containers: [{name: keeper, image: "keeper:v1"}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick, namespace: shop}
spec:
  schedule: "* * * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: tick, image: "tick:v1"}]}}}}
`

// A day in which every kind of controller, the nodes and the server itself have to do. That every write of theirs leads back to who began it
// is seen to in the end, as of every story.
func TestEveryWriteHasAReason(t *testing.T) {
	h := Start(t, 2, quickAutoscaler, func(c *controllers.Config) { c.NodeMonitorGracePeriod = 25 * time.Second }) // two and a half renewals
	term := h.terminal()
	Apply(h, storageClass("standard", api.VolumeBindingWaitForFirstConsumer, false))
	h.workDay(t)
	h.StartNode("n3")
	h.Eventually(h.NodesReady(3))

	code, _, stderr := term.try(shop, "apply", "-f", "-")
	require.Zero(t, code, stderr)
	term.ok("-n", "shop", "rollout", "status", "deployment/web", "--timeout=60s")
	term.ok("-n", "shop", "wait", "--for=condition=Ready", "pod/keeper", "--timeout=60s")
	term.ok("-n", "shop", "create", "job", "now", "--from=cronjob/tick")
	term.ok("-n", "shop", "wait", "--for=condition=complete", "job/now", "--timeout=60s")
	term.ok("drain", "n1", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s")
	h.Eventually(h.rolledOut("web", "web:v2", 6))
	term.ok("uncordon", "n1")

	h.KillNode("n2")
	h.Eventually(h.NodesReady(2))
	term.ok("delete", "namespace", "shop", "--wait=false") // its pods on the dead node wait for it
	h.StartNode("n2")
	h.Eventually(h.NodesReady(3))
	term.ok("wait", "--for=delete", "namespace/shop", "--timeout=60s")
}
