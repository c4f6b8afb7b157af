package rbac

import "kubelite/api"

// clusterRoles are the roles that every cluster starts with, besides those of controllers and those that are put
// together from others (aggregated).
func clusterRoles() []namedRules {
	return []namedRules{
		{"cluster-admin", []api.PolicyRule{
			can("*", "*", "*"),
			paths("*", "*"),
		}},
		{"system:aggregate-to-admin", []api.PolicyRule{
			can("create", "authorization.k8s.io", "localsubjectaccessreviews"),
			can(readWrite, "rbac.authorization.k8s.io", "rolebindings roles"),
		}},
		{"system:aggregate-to-edit", []api.PolicyRule{
			can(read, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
			can("impersonate", "core", "serviceaccounts"),
			can(write, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
			can("create", "core", "pods/eviction"),
			can(write, "core", "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy"),
			can("create", "core", "serviceaccounts/token"),
			can(write, "core events.k8s.io", "events"),
			can(write, "apps", "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"),
			can(write, "autoscaling", "horizontalpodautoscalers"),
			can(write, "batch", "cronjobs jobs"),
			can(write, "extensions", "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale"),
			can(write, "policy", "poddisruptionbudgets"),
			can(write, "networking.k8s.io", "ingresses networkpolicies"),
			can(readWrite, "coordination.k8s.io", "leases"),
			can(write, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
		}},
		{"system:aggregate-to-view", []api.PolicyRule{
			can(read, "core", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"),
			can(read, "core", "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status"),
			can(read, "core", "namespaces"),
			can(read, "core events.k8s.io", "events"),
			can(read, "discovery.k8s.io", "endpointslices"),
			can(read, "apps", "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"),
			can(read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
			can(read, "batch", "cronjobs cronjobs/status jobs jobs/status"),
			can(read, "extensions", "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale"),
			can(read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
			can(read, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
			can(read, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
		}},
		{"system:basic-user", []api.PolicyRule{
			can("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
			can("create", "authentication.k8s.io", "selfsubjectreviews"),
		}},
		{"system:discovery", []api.PolicyRule{
			paths("get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"),
		}},
		{"system:public-info-viewer", []api.PolicyRule{
			paths("get", "/healthz /livez /readyz /version /version/"),
		}},
		{"system:monitoring", []api.PolicyRule{
			paths("get", "/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz"),
			can("get", "core", "nodes/metrics"),
		}},
		{"system:service-account-issuer-discovery", []api.PolicyRule{
			paths("get", "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/"),
		}},
		{"system:kube-controller-manager", []api.PolicyRule{
			recordEvents,
			can("create", "coordination.k8s.io", "leases"),
			named("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
			can("create", "core", "secrets serviceaccounts"),
			can("delete", "core", "secrets"),
			can("get", "core", "configmaps namespaces secrets serviceaccounts"),
			can("update", "core", "secrets serviceaccounts"),
			can("create", "authentication.k8s.io", "tokenreviews"),
			can("create", "authorization.k8s.io", "subjectaccessreviews"),
			can("list watch", "*", "*"),
			can("create", "core", "serviceaccounts/token"),
		}},
		{"system:kube-scheduler", []api.PolicyRule{
			recordEvents,
			can("create", "coordination.k8s.io", "leases"),
			named("get list update watch", "coordination.k8s.io", "leases", "kube-scheduler"),
			can(readWrite, "coordination.k8s.io", "leasecandidates"),
			can(read, "core", "nodes"),
			can("delete get list watch", "core", "pods"),
			can("create", "core", "bindings pods/binding"),
			can("patch update", "core", "pods/status"),
			can(read, "core", "replicationcontrollers services"),
			can(read, "apps extensions", "replicasets"),
			can(read, "apps", "statefulsets"),
			can(read, "policy", "poddisruptionbudgets"),
			can(read, "core", "persistentvolumeclaims persistentvolumes"),
			can("create", "authentication.k8s.io", "tokenreviews"),
			can("create", "authorization.k8s.io", "subjectaccessreviews"),
			can(read, "storage.k8s.io", "csinodes"),
			can(read, "storage.k8s.io", "volumeattachments"),
			can(read, "core", "namespaces"),
			can(read, "storage.k8s.io", "csidrivers"),
			can(read, "storage.k8s.io", "csistoragecapacities"),
			can(read, "resource.k8s.io", "deviceclasses"),
			can("get list patch update watch", "resource.k8s.io", "resourceclaims"),
			can("get list patch update watch", "resource.k8s.io", "resourceclaims/status"),
			can("update", "core", "pods/finalizers"),
			can(read, "resource.k8s.io", "resourceslices"),
			can("create delete", "resource.k8s.io", "resourceclaims"),
			can("patch update", "resource.k8s.io", "resourceclaims/binding"),
		}},
		{"system:volume-scheduler", []api.PolicyRule{
			can("get list patch update watch", "core", "persistentvolumes"),
			can(read, "storage.k8s.io", "storageclasses"),
			can("get list patch update watch", "core", "persistentvolumeclaims"),
		}},
		{"system:node", []api.PolicyRule{
			can("create", "authentication.k8s.io", "tokenreviews"),
			can("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
			can(read, "core", "services"),
			can("create get list watch", "core", "nodes"),
			can("patch update", "core", "nodes/status"),
			can("patch update", "core", "nodes"),
			recordEvents,
			can(read, "core", "pods"),
			can("create delete", "core", "pods"),
			can("patch update", "core", "pods/status"),
			can("create", "core", "pods/eviction"),
			can(read, "core", "configmaps secrets"),
			can("get", "core", "persistentvolumeclaims persistentvolumes"),
			can("get", "core", "endpoints"),
			can("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
			can("create delete get patch update", "coordination.k8s.io", "leases"),
			can("get", "storage.k8s.io", "volumeattachments"),
			can("create", "core", "serviceaccounts/token"),
			can("get patch update", "core", "persistentvolumeclaims/status"),
			can(read, "storage.k8s.io", "csidrivers"),
			can("create delete get patch update", "storage.k8s.io", "csinodes"),
			can(read, "node.k8s.io", "runtimeclasses"),
			can("get", "resource.k8s.io", "resourceclaims"),
			can("deletecollection", "resource.k8s.io", "resourceslices"),
			can("get", "core", "serviceaccounts"),
		}},
		{"system:node-proxier", []api.PolicyRule{
			can("list watch", "core", "endpoints services"),
			can(read, "core", "nodes"),
			recordEvents,
			can("list watch", "networking.k8s.io", "servicecidrs"),
			can("list watch", "discovery.k8s.io", "endpointslices"),
		}},
		{"system:kube-dns", []api.PolicyRule{
			can("list watch", "core", "endpoints services"),
		}},
		{"system:auth-delegator", []api.PolicyRule{
			can("create", "authentication.k8s.io", "tokenreviews"),
			can("create", "authorization.k8s.io", "subjectaccessreviews"),
		}},
		{"system:certificates.k8s.io:certificatesigningrequests:nodeclient", []api.PolicyRule{
			can("create", "certificates.k8s.io", "certificatesigningrequests/nodeclient"),
		}},
		{"system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", []api.PolicyRule{
			can("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient"),
		}},
		{"system:certificates.k8s.io:kube-apiserver-client-approver", []api.PolicyRule{
			named("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client"),
		}},
		{"system:certificates.k8s.io:kube-apiserver-client-kubelet-approver", []api.PolicyRule{
			named("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
		}},
		{"system:certificates.k8s.io:kubelet-serving-approver", []api.PolicyRule{
			named("approve", "certificates.k8s.io", "signers", "kubernetes.io/kubelet-serving"),
		}},
		{"system:certificates.k8s.io:legacy-unknown-approver", []api.PolicyRule{
			named("approve", "certificates.k8s.io", "signers", "kubernetes.io/legacy-unknown"),
		}},
		{"system:heapster", []api.PolicyRule{
			can(read, "core", "events namespaces nodes pods"),
			can(read, "extensions", "deployments"),
		}},
		{"system:kube-aggregator", []api.PolicyRule{
			can(read, "core", "endpoints services"),
		}},
		{"system:kubelet-api-admin", []api.PolicyRule{
			can(read, "core", "nodes"),
			can("proxy", "core", "nodes"),
			can("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
			can("*", "core", "nodes/configz nodes/healthz nodes/pods"),
		}},
		{"system:node-bootstrapper", []api.PolicyRule{
			can("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
		}},
		{"system:node-problem-detector", []api.PolicyRule{
			can("get", "core", "nodes"),
			can("patch", "core", "nodes/status"),
			recordEvents,
		}},
		{"system:persistent-volume-provisioner", []api.PolicyRule{
			can("create delete get list watch", "core", "persistentvolumes"),
			can("get list update watch", "core", "persistentvolumeclaims"),
			can(read, "storage.k8s.io", "storageclasses"),
			can("watch", "core", "events"),
			recordEvents,
		}},

		// Elsewhere a network plugin enforces policies, with a role that comes with it. Here the proxy does.
		{"kubelite:network-policy", []api.PolicyRule{
			can("list watch", "core", "pods namespaces"),
			can("list watch", "networking.k8s.io", "networkpolicies"),
		}},
		// What no other Kubernetes has: the ledger, in which components write what they decided and why.
		{"kubelite:ledger-writer", []api.PolicyRule{
			paths("post", api.LedgerPath),
		}},
		{"kubelite:ledger-reader", []api.PolicyRule{
			paths("get", api.LedgerPath),
		}},
		// And the gate, a debugger for control loops: who may look at it sees what others write, and who operates it holds them up.
		{"kubelite:gate-viewer", []api.PolicyRule{
			paths("get", api.GatePath),
		}},
		{"kubelite:gate-operator", []api.PolicyRule{
			paths("get", api.GatePath),
			paths("post delete", api.GatePath+"/*"),
		}},
	}
}

// aggregateLabels mark the ClusterRoles that others take in: admin is all that edit may and more, edit all that view
// may and more. Who adds a kind labels a role of their own, and people who are admin, edit or view get it too.
var aggregateLabels = map[string]string{
	"edit": "admin", "view": "edit",
	"system:aggregate-to-admin": "admin", "system:aggregate-to-edit": "edit", "system:aggregate-to-view": "view",
}

// namespaceRoles are Roles, in the namespaces that belong to the cluster itself.
var namespaceRoles = []struct {
	namespace, name string
	rules           []api.PolicyRule
}{
	// The certificate authorities by which other API servers check who calls them.
	{system, "extension-apiserver-authentication-reader", []api.PolicyRule{
		named(read, "core", "configmaps", "extension-apiserver-authentication"),
	}},
	// One process runs all control loops. Each acts on behalf of its own service account, and has what that one has. (Real
	// Kubernetes gets a token for each, for the same effect.)
	{system, "kubelite:act-as-controllers", []api.PolicyRule{can("impersonate", "core", "serviceaccounts")}},
	{system, "system::leader-locking-kube-controller-manager", leaderLocking},
	{system, "system::leader-locking-kube-scheduler", leaderLocking},
	{system, controllerPrefix + "bootstrap-signer", []api.PolicyRule{can(read, "core", "secrets")}},
	{system, controllerPrefix + "cloud-provider", []api.PolicyRule{can("create get list watch", "core", "configmaps")}},
	{system, controllerPrefix + "token-cleaner", []api.PolicyRule{can("delete get list watch", "core", "secrets"), recordEvents}},
	{"kube-public", controllerPrefix + "bootstrap-signer", []api.PolicyRule{
		can(read, "core", "configmaps"),
		named("update", "core", "configmaps", "cluster-info"),
		recordEvents,
	}},
}

var leaderLocking = []api.PolicyRule{
	can("create get list update watch", "coordination.k8s.io", "leases"),
	can("create get list update watch", "coordination.k8s.io", "leasecandidates"),
}
