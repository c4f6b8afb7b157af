package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func goodService() *Service {
	svc := New[*Service]()
	svc.ObjectMeta = ObjectMeta{Name: "web", Namespace: "default", ResourceVersion: "5"}
	svc.Spec = ServiceSpec{Ports: []ServicePort{{Port: 80}}, ClusterIP: "10.0.0.1", ClusterIPs: []string{"10.0.0.1"},
		IPFamilies: []IPFamily{IPv4Protocol}, IPFamilyPolicy: Ptr(IPFamilyPolicySingleStack)}
	defaultService(svc)
	return svc
}

func TestServiceAddresses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*ServiceSpec)
		want   []string
	}{
		"single stack": {change: func(*ServiceSpec) {}},
		"dual stack": {change: func(s *ServiceSpec) {
			s.ClusterIPs, s.IPFamilies = []string{"10.0.0.1", "fd00::1"}, []IPFamily{IPv4Protocol, IPv6Protocol}
		}},
		"headless": {change: func(s *ServiceSpec) { s.ClusterIP, s.ClusterIPs = ClusterIPNone, []string{ClusterIPNone} }},
		"first differs": {
			change: func(s *ServiceSpec) { s.ClusterIP = "10.0.0.9" },
			want:   []string{"spec.clusterIPs: Invalid value: [\"10.0.0.1\"]: first value must match `clusterIP`"},
		},
		"list without the old field": {
			change: func(s *ServiceSpec) { s.ClusterIP = "" },
			want:   []string{"spec.clusterIPs: Invalid value: [\"10.0.0.1\"]: must be empty when `clusterIP` is not specified"},
		},
		"old field without the list": {change: func(s *ServiceSpec) { s.ClusterIPs = nil }, want: []string{"spec.clusterIPs: Required value"}},
		"two of one family": {
			change: func(s *ServiceSpec) { s.ClusterIPs = []string{"10.0.0.1", "10.0.0.2"} },
			want:   []string{`spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family`},
		},
		"three": {
			change: func(s *ServiceSpec) { s.ClusterIPs = []string{"10.0.0.1", "fd00::1", "10.0.0.2"} },
			want:   []string{`spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values`},
		},
		"none and one": {
			change: func(s *ServiceSpec) { s.ClusterIP, s.ClusterIPs = ClusterIPNone, []string{ClusterIPNone, "10.0.0.1"} },
			want:   []string{`spec.clusterIPs: Invalid value: ["None","10.0.0.1"]: 'None' must be the first and only value`},
		},
		"other family": {
			change: func(s *ServiceSpec) { s.IPFamilies = []IPFamily{IPv6Protocol} },
			want:   []string{"spec.clusterIPs[0]: Invalid value: \"10.0.0.1\": expected an IPv6 value as indicated by `ipFamilies[0]`"},
		},
		"family twice and unknown": {
			change: func(s *ServiceSpec) {
				s.IPFamilies, s.IPFamilyPolicy = []IPFamily{IPv4Protocol, IPv4Protocol, "IPv5"}, Ptr[IPFamilyPolicy]("Triple")
			},
			want: []string{
				`spec.ipFamilies[1]: Duplicate value: "IPv4"`,
				`spec.ipFamilies[2]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"`,
				`spec.ipFamilyPolicy: Unsupported value: "Triple": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"`,
			},
		},
		"external name with addresses": {
			change: func(s *ServiceSpec) {
				s.Type, s.ExternalName, s.InternalTrafficPolicy = ServiceTypeExternalName, "example.com.", nil
			},
			want: []string{
				"spec.clusterIPs: Forbidden: may not be set for ExternalName services",
				"spec.ipFamilies: Forbidden: may not be set for ExternalName services",
				"spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
			},
		},
		"local load balancer without health check": {
			change: func(s *ServiceSpec) {
				s.Type, s.ExternalTrafficPolicy, s.AllocateLoadBalancerNodePorts = ServiceTypeLoadBalancer, ServiceExternalTrafficPolicyLocal, Ptr(true)
			},
			want: []string{"spec.healthCheckNodePort: Required value"},
		},
		"node port twice": {
			change: func(s *ServiceSpec) {
				s.Type, s.ExternalTrafficPolicy = ServiceTypeNodePort, ServiceExternalTrafficPolicyCluster
				s.Ports = []ServicePort{{Name: "a", Port: 80, NodePort: 30000, Protocol: ProtocolTCP, TargetPort: FromInt(80)}, {Name: "b", Port: 81, NodePort: 30000, Protocol: ProtocolTCP, TargetPort: FromInt(80)}}
			},
			want: []string{"spec.ports[1].nodePort: Duplicate value: 30000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			svc := goodService()
			tt.change(&svc.Spec)
			require.Equal(t, tt.want, messages(ValidateNew(KindOf[*Service](), svc)))
		})
	}
}

func TestServiceUpdate(t *testing.T) {
	dual := func(s *ServiceSpec) {
		s.ClusterIPs, s.IPFamilies, s.IPFamilyPolicy = []string{"10.0.0.1", "fd00::1"}, []IPFamily{IPv4Protocol, IPv6Protocol}, Ptr(IPFamilyPolicyPreferDualStack)
	}
	none := func(*ServiceSpec) {}
	for name, tt := range map[string]struct {
		old, now func(*ServiceSpec)
		want     []string
	}{
		"ports":          {old: none, now: func(s *ServiceSpec) { s.Ports[0].Port = 81 }},
		"second address": {old: none, now: dual},
		"back to one":    {old: dual, now: none},
		"became external": {old: none, now: func(s *ServiceSpec) {
			*s = ServiceSpec{Type: ServiceTypeExternalName, ExternalName: "a.b", SessionAffinity: "None"}
		}},
		"another address": {old: none, now: func(s *ServiceSpec) { s.ClusterIP, s.ClusterIPs = "10.0.0.2", []string{"10.0.0.2"} }, want: []string{
			`spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set`,
		}},
		"second dropped without saying so": {old: dual, now: func(s *ServiceSpec) { s.IPFamilyPolicy = Ptr(IPFamilyPolicyPreferDualStack) }, want: []string{
			`spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to 'SingleStack' when releasing the secondary clusterIP`,
			`spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to 'SingleStack' when releasing the secondary ipFamily`,
		}},
		"address dropped": {old: none, now: func(s *ServiceSpec) { s.ClusterIP, s.ClusterIPs, s.IPFamilies = "", nil, nil }, want: []string{
			`spec.clusterIPs[0]: Invalid value: null: primary clusterIP can not be unset`,
			`spec.ipFamilies[0]: Invalid value: null: primary ipFamily can not be unset`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			old, svc := goodService(), goodService()
			tt.old(&old.Spec)
			tt.now(&svc.Spec)
			require.Equal(t, tt.want, messages(ValidateChange(KindOf[*Service](), svc, old)))
		})
	}
}
