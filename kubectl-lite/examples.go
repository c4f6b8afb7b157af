package kubectllite

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are what -h shows of the commands that do not bring their own. A line that begins with # says what the next does.
var examples = map[string]string{
	"api-resources":                 "kubectl-lite api-resources\nkubectl-lite api-resources --api-group=apps --namespaced=true -o wide",
	"api-versions":                  "kubectl-lite api-versions",
	"auth":                          "kubectl-lite auth can-i create pods\nkubectl-lite auth whoami",
	"auth whoami":                   "kubectl-lite auth whoami\nkubectl-lite auth whoami --as=ann --as-group=developers",
	"cluster-info":                  "kubectl-lite cluster-info",
	"cluster-info dump":             "# All about a namespace, for somebody who is to help\nkubectl-lite cluster-info dump --namespaces=shop --output-directory=dump",
	"config":                        "kubectl-lite config get-contexts\nkubectl-lite config use-context work",
	"config current-context":        "kubectl-lite config current-context",
	"config delete-cluster":         "kubectl-lite config delete-cluster old",
	"config delete-context":         "kubectl-lite config delete-context old",
	"config delete-user":            "kubectl-lite config delete-user old",
	"config get-clusters":           "kubectl-lite config get-clusters",
	"config get-contexts":           "kubectl-lite config get-contexts\nkubectl-lite config get-contexts work -o name",
	"config get-users":              "kubectl-lite config get-users",
	"config rename-context":         "kubectl-lite config rename-context old new",
	"config set-cluster":            "kubectl-lite config set-cluster work --server=https://10.0.0.1:6443 --certificate-authority=ca.crt --embed-certs",
	"config set-context":            "# Work in another namespace from now on\nkubectl-lite config set-context --current --namespace=shop",
	"config set-credentials":        "kubectl-lite config set-credentials ann --client-certificate=ann.crt --client-key=ann.key",
	"config use-context":            "kubectl-lite config use-context work",
	"config view":                   "kubectl-lite config view --minify\nkubectl-lite config view --raw -o jsonpath='{.users[0].user.token}'",
	"cordon":                        "kubectl-lite cordon n1\nkubectl-lite cordon -l zone=a",
	"create":                        "kubectl-lite create -f pod.yaml\nkubectl-lite create deployment web --image=nginx --dry-run=client -o yaml",
	"create clusterrolebinding":     "kubectl-lite create clusterrolebinding ann-views --clusterrole=view --user=ann",
	"create configmap":              "kubectl-lite create configmap settings --from-literal=mode=fast --from-file=app.properties\nkubectl-lite create configmap site --from-file=site/",
	"create deployment":             "kubectl-lite create deployment web --image=nginx --replicas=3 --port=80\nkubectl-lite create deployment tool --image=busybox -- sleep 3600",
	"create namespace":              "kubectl-lite create namespace shop",
	"create secret":                 "kubectl-lite create secret generic login --from-literal=user=ann",
	"create secret docker-registry": "kubectl-lite create secret docker-registry mine --docker-server=registry.example.com --docker-username=ann --docker-password=secret",
	"create secret tls":             "kubectl-lite create secret tls site --cert=site.crt --key=site.key",
	"create service":                "kubectl-lite create service clusterip web --tcp=80:8080",
	"create service clusterip":      "kubectl-lite create service clusterip web --tcp=80:8080\n# A headless one: its name leads to the pods themselves\nkubectl-lite create service clusterip db --clusterip=None",
	"create service externalname":   "kubectl-lite create service externalname db --external-name=db.example.com",
	"create service loadbalancer":   "kubectl-lite create service loadbalancer web --tcp=80:8080",
	"create service nodeport":       "kubectl-lite create service nodeport web --tcp=80:8080 --node-port=30080",
	"create serviceaccount":         "kubectl-lite create serviceaccount robot",
	"delete":                        "kubectl-lite delete -f web.yaml\nkubectl-lite delete pods,services -l app=web\nkubectl-lite delete deployment/web --cascade=orphan\n# Without a word from the node: the process may go on\nkubectl-lite delete pod web-1 --force --grace-period=0",
	"describe":                      "kubectl-lite describe pod web-1\nkubectl-lite describe nodes\nkubectl-lite describe deployments -l app=web\n# As it was, and its events until then\nkubectl-lite describe pod web-1 --at 2m",
	"diff":                          "# Exit code 1 says that something would change\nkubectl-lite diff -f web.yaml\nkubectl-lite diff -k overlays/production",
	"edit":                          "kubectl-lite edit deployment/web\nKUBE_EDITOR=nano kubectl-lite edit configmap settings",
	"logs":                          "kubectl-lite logs web-1 -c app --previous\nkubectl-lite logs -f deployment/web --all-pods --prefix\nkubectl-lite logs -l app=web --tail=20 --since=10m",
	"rollout":                       "kubectl-lite rollout status deployment/web\nkubectl-lite rollout undo deployment/web",
	"rollout history":               "kubectl-lite rollout history deployment/web\nkubectl-lite rollout history deployment/web --revision=3",
	"rollout pause":                 "kubectl-lite rollout pause deployment/web",
	"rollout restart":               "kubectl-lite rollout restart deployment/web\nkubectl-lite rollout restart daemonset -l app=agent",
	"rollout resume":                "kubectl-lite rollout resume deployment/web",
	"rollout status":                "kubectl-lite rollout status deployment/web --timeout=2m",
	"rollout undo":                  "kubectl-lite rollout undo deployment/web\nkubectl-lite rollout undo deployment/web --to-revision=3",
	"scale":                         "kubectl-lite scale deployment/web --replicas=3\nkubectl-lite scale statefulset db --replicas=3 --current-replicas=2",
	"set":                           "kubectl-lite set image deployment/web nginx=nginx:1.29\nkubectl-lite set env deployment/web LOG_LEVEL=debug",
	"top":                           "kubectl-lite top node\nkubectl-lite top pod -A --sort-by=memory",
	"top node":                      "kubectl-lite top node --sort-by=cpu",
	"top pod":                       "kubectl-lite top pod --containers\nkubectl-lite top pod -l app=web --sort-by=memory",
	"uncordon":                      "kubectl-lite uncordon n1",
	"version":                       "kubectl-lite version\nkubectl-lite version --client -o yaml",
	"wait":                          "kubectl-lite wait --for=condition=Ready pod/web-1 --timeout=60s\nkubectl-lite wait --for=delete pod -l app=web\nkubectl-lite wait --for=jsonpath='{.status.phase}'=Running pod/web-1",
}

// addExamples gives each command of the tree its examples.
func addExamples(cmd *cobra.Command, path string) {
	for _, sub := range cmd.Commands() {
		own := strings.TrimSpace(path + " " + sub.Name())
		if text := examples[own]; text != "" {
			sub.Example = "  " + strings.ReplaceAll(text, "\n", "\n  ")
		}
		addExamples(sub, own)
	}
}
