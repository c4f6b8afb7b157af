package cluster

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are what -h shows of each command. A line that begins with # says what the next does.
var examples = map[string]string{
	"addons":            "kubelite addons list\nkubelite addons enable ingress",
	"addons disable":    "kubelite addons disable metrics-server",
	"addons enable":     "kubelite addons enable ingress",
	"addons list":       "kubelite addons list\nkubelite addons list -o json",
	"break":             "# Which pod comes first, and why?\nkubelite break pods create\nkubelite break replicasets --if 'object.spec.replicas > 3'",
	"component":         "# What happens to new pods while nobody finds them a node?\nkubelite component stop scheduler\nkubectl-lite run web --image=nginx && kubectl-lite why pod/web\nkubelite component start scheduler",
	"component list":    "kubelite component list",
	"component restart": "kubelite component restart kubelet-node-1",
	"component start":   "kubelite component start scheduler",
	"component stop":    "kubelite component stop scheduler\n# One loop of the controllers\nkubelite component stop controllers/replicaset-controller",
	"delete":            "kubelite delete\nkubelite delete --profile work",
	"docker-env":        "eval $(kubelite docker-env)",
	"fault":             "# One in three updates of the loop meets a conflict\nkubelite fault deployment-controller --conflicts 1/3\nkubelite fault controllers pods --delay-watch 2s --for 1m\n# A network that does not reach the node any more\nkubelite fault kubelet-node-1 --cut --for 90s",
	"fault clear":       "kubelite fault clear\nkubelite fault clear kubelet-node-1",
	"fault list":        "kubelite fault list",
	"held":              "kubelite held\nkubelite held 7\nkubelite held -w",
	"image":             "docker save web:v1 | kubelite image load -\nkubelite image list",
	"image list":        "kubelite image list",
	"image load":        "kubelite image load web.tar\ndocker save web:v1 | kubelite image load -",
	"image rm":          "kubelite image rm web:v1",
	"ip":                "curl http://$(kubelite ip):30080",
	"kubeconfig":        "kubelite kubeconfig > work.conf && kubectl --kubeconfig work.conf get nodes",
	"logs":              "kubelite logs\nkubelite logs apiserver -n 50\nkubelite logs kubelet-node-1 --follow",
	"node":              "kubelite node add spare\nkubelite node stop spare\nkubelite node shell spare",
	"node add":          "kubelite node add spare",
	"node list":         "kubelite node list",
	"node remove":       "kubectl-lite drain spare --ignore-daemonsets && kubelite node remove spare",
	"node shell":        "kubelite node shell node-1\n# Who is the kubelet, and what may it do?\nkubelite node shell node-1 -- kubectl-lite auth whoami\nkubelite node shell node-1 -- kubectl-lite auth can-i --list",
	"node start":        "kubelite node start node-2",
	"node stop":         "kubelite node stop node-2",
	"pause":             "kubelite pause\n# The pods of people, too\nkubelite pause -A\n# Hold what one loop writes, and look at it write by write\nkubelite pause deployment-controller\nkubelite step\nkubelite resume",
	"resume":            "kubelite resume\nkubelite resume scheduler",
	"profile":           "kubelite profile\nkubelite profile work",
	"profile list":      "kubelite profile list\nkubelite profile list -o json",
	"service":           "kubelite service web\ncurl $(kubelite service web --url -n shop)",
	"service list":      "kubelite service list -n shop",
	"start":             "kubelite start\nkubelite start --nodes 3 --profile work\n# Without Docker: pods get states, addresses and logs, but no processes\nkubelite start --runtime simulated --nodes 1000",
	"step":              "kubelite step\nkubelite step 5\nkubelite step replicaset-controller pods",
	"status":            "kubelite status\nkubelite status -o json",
	"stop":              "kubelite stop",
	"tunnel":            "kubelite tunnel",
	"unpause":           "kubelite unpause\nkubelite unpause -A",
	"update-context":    "kubelite update-context --profile work",
	"version":           "kubelite version\nkubelite version -o json",
}

// addExamples gives each command of a tree its examples.
func addExamples(cmd *cobra.Command, path string) {
	own := strings.TrimSpace(path + " " + cmd.Name())
	if text := examples[own]; text != "" {
		cmd.Example = "  " + strings.ReplaceAll(text, "\n", "\n  ")
	}
	for _, sub := range cmd.Commands() {
		addExamples(sub, own)
	}
}
