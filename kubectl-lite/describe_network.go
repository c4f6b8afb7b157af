package kubectllite

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

func describeIngress(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	ing, err := typed[*api.Ingress](o)
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", ing.Name)
	sh.labels("Labels", ing.Labels)
	sh.line(0, "Namespace:\t%s", ing.Namespace)
	var addresses []string
	for _, at := range ing.Status.LoadBalancer.Ingress {
		if at.IP != "" {
			addresses = append(addresses, at.IP)
		} else if at.Hostname != "" {
			addresses = append(addresses, at.Hostname)
		}
	}
	sh.line(0, "Address:\t%s", strings.Join(addresses, ","))
	sh.line(0, "Ingress Class:\t%s", api.Deref(ing.Spec.IngressClassName, "<none>"))
	fallback := "<default>"
	if ing.Spec.DefaultBackend != nil {
		fallback = backendText(ctx, c, ing.Namespace, ing.Spec.DefaultBackend)
	}
	sh.line(0, "Default backend:\t%s", fallback)
	if len(ing.Spec.TLS) > 0 {
		sh.line(0, "TLS:")
		for _, t := range ing.Spec.TLS {
			if t.SecretName == "" {
				sh.line(1, "SNI routes %s", strings.Join(t.Hosts, ","))
			} else {
				sh.line(1, "%s terminates %s", t.SecretName, strings.Join(t.Hosts, ","))
			}
		}
	}
	sh.line(0, "Rules:\n  Host\tPath\tBackends")
	sh.line(1, "----\t----\t--------")
	rules := 0
	for _, rule := range ing.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		rules++
		host := rule.Host
		if host == "" {
			host = "*"
		}
		sh.line(1, "%s\t", host)
		for i := range rule.HTTP.Paths {
			path := &rule.HTTP.Paths[i]
			sh.line(2, "\t%s \t%s", path.Path, backendText(ctx, c, ing.Namespace, &path.Backend))
		}
	}
	if rules == 0 {
		sh.line(1, "*\t*\t%s", fallback)
	}
	sh.annotations("Annotations", ing.Annotations)
	return nil
}

// backendText is a service and its port, with the addresses behind it.
func backendText(ctx context.Context, c *client.Client, namespace string, b *api.IngressBackend) string {
	if b.Resource != nil {
		return fmt.Sprintf("APIGroup: %v, Kind: %v, Name: %v", api.Deref(b.Resource.APIGroup, "<none>"), b.Resource.Kind, b.Resource.Name)
	}
	if b.Service == nil {
		return ""
	}
	port := b.Service.Port.Name
	if b.Service.Port.Number != 0 {
		port = strconv.Itoa(int(b.Service.Port.Number))
	}
	text := b.Service.Name + ":" + port
	svc, err := client.Of[*api.Service](c).Get(ctx, namespace, b.Service.Name)
	if err != nil {
		return fmt.Sprintf("%s (<error: %v>)", text, err)
	}
	name := ""
	for _, p := range svc.Spec.Ports {
		if p.Port == b.Service.Port.Number || b.Service.Port.Name != "" && p.Name == b.Service.Port.Name {
			name = p.Name
		}
	}
	endpoints, err := client.Of[*api.Endpoints](c).Get(ctx, namespace, b.Service.Name)
	if err != nil && !api.IsNotFound(err) {
		return fmt.Sprintf("%s (<error: %v>)", text, err)
	}
	if err != nil {
		endpoints = nil
	}
	return fmt.Sprintf("%s (%s)", text, strings.ReplaceAll(formatEndpoints(endpoints, name), "<none>", ""))
}

func describeNetworkPolicy(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	policy, err := typed[*api.NetworkPolicy](o)
	if err != nil {
		return err
	}
	spec := &policy.Spec
	sh.head(&policy.ObjectMeta)
	sh.line(0, "Created on:\t%s", policy.CreationTimestamp.Time)
	sh.marks(&policy.ObjectMeta)
	sh.line(0, "Spec:")
	if selector := api.FormatLabelSelector(&spec.PodSelector); selector == "<none>" {
		sh.line(1, "PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)")
	} else {
		sh.line(1, "PodSelector:     %s", selector)
	}
	ingress := len(spec.PolicyTypes) == 0 || slices.Contains(spec.PolicyTypes, api.PolicyTypeIngress)
	egress := slices.Contains(spec.PolicyTypes, api.PolicyTypeEgress) || len(spec.PolicyTypes) == 0 && len(spec.Egress) > 0
	if ingress {
		sh.line(1, "Allowing ingress traffic:")
		var rules []policyRule
		for _, r := range spec.Ingress {
			rules = append(rules, policyRule{r.Ports, r.From})
		}
		policyRules(sh, "ingress", "From", "source", rules)
	} else {
		sh.line(1, "Not affecting ingress traffic")
	}
	if egress {
		sh.line(1, "Allowing egress traffic:")
		var rules []policyRule
		for _, r := range spec.Egress {
			rules = append(rules, policyRule{r.Ports, r.To})
		}
		policyRules(sh, "egress", "To", "destination", rules)
	} else {
		sh.line(1, "Not affecting egress traffic")
	}
	sh.line(1, "Policy Types: %s", strings.Join(texts(spec.PolicyTypes), ", "))
	return nil
}

type policyRule struct {
	ports []api.NetworkPolicyPort
	peers []api.NetworkPolicyPeer
}

func policyRules(sh *sheet, direction, label, end string, rules []policyRule) {
	if len(rules) == 0 {
		sh.line(2, "<none> (Selected pods are isolated for %s connectivity)", direction)
	}
	for i, rule := range rules {
		if i > 0 {
			sh.line(2, "----------")
		}
		if len(rule.ports) == 0 {
			sh.line(2, "To Port: <any> (traffic allowed to all ports)")
		}
		for _, p := range rule.ports {
			port := "<nil>"
			if p.Port != nil {
				port = p.Port.String()
			}
			if p.EndPort != nil {
				sh.line(2, "To Port Range: %s-%d/%s", port, *p.EndPort, api.Deref(p.Protocol, api.ProtocolTCP))
			} else {
				sh.line(2, "To Port: %s/%s", port, api.Deref(p.Protocol, api.ProtocolTCP))
			}
		}
		if len(rule.peers) == 0 {
			sh.line(2, "%s: <any> (traffic not restricted by %s)", label, end)
		}
		for _, peer := range rule.peers {
			sh.line(2, "%s:", label)
			if peer.NamespaceSelector != nil {
				sh.line(3, "NamespaceSelector: %s", api.FormatLabelSelector(peer.NamespaceSelector))
			}
			if peer.PodSelector != nil {
				sh.line(3, "PodSelector: %s", api.FormatLabelSelector(peer.PodSelector))
			}
			if peer.IPBlock != nil {
				sh.line(3, "IPBlock:")
				sh.line(4, "CIDR: %s", peer.IPBlock.CIDR)
				sh.line(4, "Except: %s", strings.Join(peer.IPBlock.Except, ", "))
			}
		}
	}
}

func describeEndpoints(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	endpoints, err := typed[*api.Endpoints](o)
	if err != nil {
		return err
	}
	sh.head(&endpoints.ObjectMeta)
	sh.marks(&endpoints.ObjectMeta)
	sh.line(0, "Subsets:")
	ips := func(addresses []api.EndpointAddress) string {
		var all []string
		for _, a := range addresses {
			all = append(all, a.IP)
		}
		return joined(all, ",")
	}
	for _, subset := range endpoints.Subsets {
		sh.line(1, "Addresses:\t%s", ips(subset.Addresses))
		sh.line(1, "NotReadyAddresses:\t%s", ips(subset.NotReadyAddresses))
		if len(subset.Ports) > 0 {
			sh.line(1, "Ports:")
			sh.line(2, "Name\tPort\tProtocol")
			sh.line(2, "----\t----\t--------")
			for _, p := range subset.Ports {
				name := p.Name
				if name == "" {
					name = "<unset>"
				}
				sh.line(2, "%s\t%d\t%s", name, p.Port, p.Protocol)
			}
		}
		sh.line(0, "")
	}
	return nil
}

func describeEndpointSlice(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	slice, err := typed[*api.EndpointSlice](o)
	if err != nil {
		return err
	}
	sh.head(&slice.ObjectMeta)
	sh.marks(&slice.ObjectMeta)
	sh.line(0, "AddressType:\t%s", slice.AddressType)
	if len(slice.Ports) == 0 {
		sh.line(0, "Ports: <unset>")
	} else {
		sh.line(0, "Ports:")
		sh.line(1, "Name\tPort\tProtocol")
		sh.line(1, "----\t----\t--------")
		for _, p := range slice.Ports {
			name := api.Deref(p.Name, "")
			if name == "" {
				name = "<unset>"
			}
			sh.line(1, "%s\t%s\t%s", name, unset(p.Port), api.Deref(p.Protocol, api.ProtocolTCP))
		}
	}
	if len(slice.Endpoints) == 0 {
		sh.line(0, "Endpoints: <none>")
		return nil
	}
	sh.line(0, "Endpoints:")
	for _, e := range slice.Endpoints {
		sh.line(1, "- Addresses:\t%s", joined(e.Addresses, ", "))
		sh.line(2, "Conditions:")
		sh.line(3, "Ready:\t%s", unset(e.Conditions.Ready))
		sh.line(2, "Hostname:\t%s", unset(e.Hostname))
		if e.TargetRef != nil {
			sh.line(2, "TargetRef:\t%s/%s", e.TargetRef.Kind, e.TargetRef.Name)
		}
		sh.line(2, "NodeName:\t%s", unset(e.NodeName))
		sh.line(2, "Zone:\t%s", unset(e.Zone))
	}
	return nil
}

func describeRole(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	role, err := typed[*api.Role](o) // a ClusterRole has the same fields, as far as they are shown
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", role.Name)
	sh.marks(&role.ObjectMeta)
	sh.line(0, "PolicyRule:")
	sh.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs")
	sh.line(1, "---------\t-----------------\t--------------\t-----")
	for _, r := range compactRules(role.Rules) {
		sh.line(1, "%s\t%s\t%s\t%s", resourceInGroup(r), listText(r.NonResourceURLs), listText(r.ResourceNames), listText(r.Verbs))
	}
	return nil
}

func describeRoleBinding(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	binding, err := typed[*api.RoleBinding](o) // likewise a ClusterRoleBinding
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", binding.Name)
	sh.marks(&binding.ObjectMeta)
	sh.line(0, "Role:")
	sh.line(1, "Kind:\t%s", binding.RoleRef.Kind)
	sh.line(1, "Name:\t%s", binding.RoleRef.Name)
	sh.line(0, "Subjects:")
	sh.line(1, "Kind\tName\tNamespace")
	sh.line(1, "----\t----\t---------")
	for _, subject := range binding.Subjects {
		sh.line(1, "%s\t%s\t%s", subject.Kind, subject.Name, subject.Namespace)
	}
	return nil
}

func describeStorageClass(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	class, err := typed[*api.StorageClass](o)
	if err != nil {
		return err
	}
	isDefault := "No"
	if class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
		isDefault = "Yes"
	}
	sh.line(0, "Name:\t%s", class.Name)
	sh.line(0, "IsDefaultClass:\t%s", isDefault)
	sh.line(0, "Annotations:\t%s", formatMap(class.Annotations))
	sh.line(0, "Provisioner:\t%s", class.Provisioner)
	sh.line(0, "Parameters:\t%s", formatMap(class.Parameters))
	sh.line(0, "AllowVolumeExpansion:\t%s", boolText(class.AllowVolumeExpansion))
	if len(class.MountOptions) == 0 {
		sh.line(0, "MountOptions:\t<none>")
	} else {
		sh.line(0, "MountOptions:")
		for _, option := range class.MountOptions {
			sh.line(1, "%s", option)
		}
	}
	if class.ReclaimPolicy != nil {
		sh.line(0, "ReclaimPolicy:\t%s", *class.ReclaimPolicy)
	}
	if class.VolumeBindingMode != nil {
		sh.line(0, "VolumeBindingMode:\t%s", *class.VolumeBindingMode)
	}
	return nil
}

func describeClaim(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	claim, err := typed[*api.PersistentVolumeClaim](o)
	if err != nil {
		return err
	}
	pods, err := client.Of[*api.Pod](c).List(ctx, claim.Namespace, client.ListOptions{})
	if err != nil {
		return err
	}
	var users []string
	for _, pod := range pods.Items {
		if slices.ContainsFunc(pod.Spec.Volumes, func(v api.Volume) bool {
			return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name
		}) {
			users = append(users, pod.Name)
		}
	}
	sh.head(&claim.ObjectMeta)
	sh.line(0, "StorageClass:\t%s", api.Deref(claim.Spec.StorageClassName, ""))
	phase := string(claim.Status.Phase)
	if claim.DeletionTimestamp != nil {
		phase = fmt.Sprintf("Terminating (lasts %s)", since(claim.DeletionTimestamp.Time))
	}
	sh.line(0, "Status:\t%s", phase)
	sh.line(0, "Volume:\t%s", claim.Spec.VolumeName)
	sh.marks(&claim.ObjectMeta)
	sh.line(0, "Finalizers:\t%s", listText(claim.Finalizers))
	capacity, modes := "", ""
	if claim.Spec.VolumeName != "" {
		size := claim.Status.Capacity[api.ResourceStorage]
		capacity, modes = size.String(), accessModes(claim.Status.AccessModes)
	}
	sh.line(0, "Capacity:\t%s", capacity)
	sh.line(0, "Access Modes:\t%s", modes)
	if claim.Spec.VolumeMode != nil {
		sh.line(0, "VolumeMode:\t%s", *claim.Spec.VolumeMode)
	}
	if source := claim.Spec.DataSource; source != nil {
		sh.line(0, "DataSource:")
		sh.line(1, "APIGroup:\t%s", api.Deref(source.APIGroup, ""))
		sh.line(1, "Kind:\t%s", source.Kind)
		sh.line(1, "Name:\t%s", source.Name)
	}
	sh.values("Used By", users)
	return nil
}

// accessModes are the short names of the modes.
func accessModes(modes []api.PersistentVolumeAccessMode) string {
	var short []string
	for _, mode := range texts(modes) {
		short = append(short, map[string]string{"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}[mode])
	}
	return strings.Join(short, ",")
}
