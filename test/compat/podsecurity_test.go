package compat

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"kubelite/api"
	"kubelite/apiserver/podsecurity"
)

// riskyPod is a pod that breaks some of the Pod Security Standards, by chance.
func riskyPod(r *rand.Rand) *corev1.Pod {
	pick := func(words string) string {
		list := strings.Split(words, " ")
		return list[r.IntN(len(list))]
	}
	odds := func(n int) bool { return r.IntN(n) == 0 }
	object := func(fields ...string) string { // of those, some
		var chosen []string
		for _, f := range fields {
			if odds(3) {
				chosen = append(chosen, f)
			}
		}
		return "{" + strings.Join(chosen, ",") + "}"
	}
	truth := func() string { return pick("true false") }
	profile := func(types string) string { return fmt.Sprintf(`{"type":%q}`, pick(types)) }
	security := func(more ...string) string {
		return object(append(more,
			`"runAsNonRoot":`+truth(), `"runAsUser":`+pick("0 1"), `"windowsOptions":{"hostProcess":`+truth()+`}`,
			`"seccompProfile":`+profile("RuntimeDefault Localhost Unconfined"), `"appArmorProfile":`+profile("RuntimeDefault Localhost Unconfined"),
			`"seLinuxOptions":`+object(`"type":"`+pick("container_t container_engine_t spc_t")+`"`, `"user":"u"`, `"role":"r"`))...)
	}
	host := func() string { return object(`"host":"` + pick("example.com other") + `"`) }
	container := func(name string) string {
		probe := func() string { return object(`"httpGet":`+host(), `"tcpSocket":`+host()) }
		return fmt.Sprintf(`{"name":%q,%s`, name, object(
			`"securityContext":`+security(`"privileged":`+truth(), `"allowPrivilegeEscalation":`+truth(), `"procMount":"`+pick("Default Unmasked")+`"`,
				`"capabilities":`+object(`"drop":["`+pick("ALL KILL")+`"]`, `"add":["`+pick("NET_BIND_SERVICE CHOWN NET_RAW SYS_ADMIN")+`","`+pick("KILL SYS_TIME")+`"]`)),
			`"ports":[{"hostPort":`+pick("0 80 8080")+`}]`, `"livenessProbe":`+probe(), `"startupProbe":`+probe(),
			`"lifecycle":`+object(`"preStop":`+probe()))[1:])
	}
	containers := func(names ...string) string {
		var list []string
		for _, name := range names {
			list = append(list, strings.Replace(container(name), ",}", "}", 1))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	volumes := `[{"name":"v","` + pick("hostPath nfs rbd storageos emptyDir configMap csi") + `":{}},{"name":"w","` + pick("secret hostPath azureFile") + `":{}}]`
	text := `{"metadata":{"annotations":` + object(`"container.apparmor.security.beta.kubernetes.io/a":"`+pick("unconfined runtime/default")+`"`,
		`"seccomp.security.alpha.kubernetes.io/pod":"unconfined"`, `"container.seccomp.security.alpha.kubernetes.io/b":"unconfined"`) + `},"spec":` +
		object(`"containers":`+containers("a", "b"), `"containers":`+containers("a"), `"initContainers":`+containers("i"), `"ephemeralContainers":`+containers("e"),
			`"hostNetwork":`+truth(), `"hostPID":`+truth(), `"hostIPC":true`, `"hostUsers":`+truth(), `"os":{"name":"`+pick("linux windows")+`"}`,
			`"volumes":`+volumes, `"securityContext":`+security(`"sysctls":[{"name":"`+pick("net.ipv4.tcp_rmem kernel.msgmax")+`"},{"name":"net.core.somaxconn"}]`)) + `}`
	pod := &corev1.Pod{}
	if err := json.Unmarshal([]byte(text), pod); err != nil {
		panic(fmt.Sprintf("%v: %s", err, text))
	}
	return pod
}

// Every pod breaks the same rules in the same words, whatever the level and version.
func TestPodSecurityStandards(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 1))
	broken := map[string]int{}
	for range 3000 {
		upstream := riskyPod(r)
		data, err := json.Marshal(upstream)
		require.NoError(t, err)
		ours := &api.Pod{}
		require.NoError(t, api.UnmarshalJSON(data, ours))
		for _, level := range []psa.Level{psa.LevelPrivileged, psa.LevelBaseline, psa.LevelRestricted} {
			for _, minor := range []int{0, 8, 18, 19, 22, 23, 25, 27, 30, 31, 33, 34, 35, 36} {
				results := evaluator.EvaluatePod(psa.LevelVersion{Level: level, Version: psa.MajorMinorVersion(1, minor)}, &upstream.ObjectMeta, &upstream.Spec)
				want := policy.AggregateCheckResults(results)
				got := podsecurity.Evaluate(podsecurity.Standard{Level: podsecurity.Level(level), Version: podsecurity.Version(minor)}, &ours.ObjectMeta, &ours.Spec)
				require.Equal(t, want.ForbiddenDetail(), got.String(), "%s v1.%d: %s", level, minor, data)
				require.Equal(t, want.ForbiddenReason(), got.Reasons())
				for _, reason := range want.ForbiddenReasons {
					broken[reason]++
				}
			}
		}
	}
	require.Len(t, broken, 18, "not every rule was broken")
}

// Labels make the same policies, with the same mistakes.
func TestPodSecurityLabels(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	values := []string{"privileged", "baseline", "restricted", "v1.30", "latest", "v1.07", "v1", "strict", ""}
	everything := psa.LevelVersion{Level: psa.LevelPrivileged, Version: psa.LatestVersion()}
	for range 5000 {
		labels := map[string]string{}
		for _, label := range []string{"enforce", "audit", "warn"} {
			for _, suffix := range []string{"", "-version"} {
				if r.IntN(2) == 0 {
					labels["pod-security.kubernetes.io/"+label+suffix] = values[r.IntN(len(values))]
				}
			}
		}
		want, wantErrs := psa.PolicyToEvaluate(labels, psa.Policy{Enforce: everything, Audit: everything, Warn: everything})
		got, errs := podsecurity.ParseLabels(labels)
		require.Equal(t, want.Enforce.String(), got.Enforce.String(), "%v", labels)
		require.Equal(t, want.Audit.String(), got.Audit.String(), "%v", labels)
		require.Equal(t, want.Warn.String(), got.Warn.String(), "%v", labels)
		require.Len(t, errs, len(wantErrs))
		for i := range errs {
			require.Equal(t, wantErrs[i].Error(), errs[i].Error())
		}
	}
}
