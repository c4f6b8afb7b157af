package scheduler

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func loadTestConfig(t *testing.T, text string) (map[string]*profile, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scheduler.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	cfg, err := LoadConfiguration(file)
	if err != nil {
		return nil, err
	}
	return newProfiles(cfg, worldOf().kit)
}

func TestConfiguration(t *testing.T) {
	profiles, err := loadTestConfig(t, `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
percentageOfNodesToScore: 30
profiles:
  - schedulerName: default-scheduler
  - schedulerName: packing
    percentageOfNodesToScore: 100
    pluginConfig:
      - name: NodeResourcesFit
        args:
          apiVersion: kubescheduler.config.k8s.io/v1
          kind: NodeResourcesFitArgs
          scoringStrategy:
            type: MostAllocated
            resources: [{name: cpu, weight: 3}]
    plugins:
      multiPoint:
        disabled: [{name: ImageLocality}]
      score:
        disabled: [{name: "*"}]
        enabled: [{name: NodeResourcesFit, weight: 5}]
`)
	require.NoError(t, err)
	require.Equal(t, 30, profiles[DefaultName].percentage)
	packing := profiles["packing"]
	require.Equal(t, 100, packing.percentage)
	require.Len(t, packing.scores, 1)
	require.Equal(t, int64(5), packing.scores[0].weight)
	require.Equal(t, scoringStrategy{kind: mostAllocated, resources: []ResourceSpec{{api.ResourceCPU, 3}}}, packing.scores[0].scorePlugin.(*nodeResourcesFit).strategy)
	require.Len(t, packing.filters, len(profiles[DefaultName].filters), "only scores were switched off")
}

func TestPluginsRunInTheOrderOfTheConfiguration(t *testing.T) {
	for _, tc := range []struct{ name, plugins, want string }{
		{"in their places where nothing is said", "{}", "NodeUnschedulable NodeName TaintToleration*3 NodeAffinity*2 NodePorts"},
		{"without one", "{multiPoint: {disabled: [{name: NodeName}]}}", "NodeUnschedulable TaintToleration*3 NodeAffinity*2 NodePorts"},
		{"with another weight, or without one", "{multiPoint: {enabled: [{name: NodeAffinity, weight: 7}, {name: TaintToleration}]}}", "NodeUnschedulable NodeName TaintToleration*1 NodeAffinity*7 NodePorts"},
		{"only what is listed", `{multiPoint: {enabled: [{name: NodePorts}, {name: NodeName}], disabled: [{name: "*"}]}}`, "NodePorts NodeName"},
		{"what is switched off and on again is the last", "{multiPoint: {enabled: [{name: NodeName}], disabled: [{name: NodeName}]}}", "NodeUnschedulable TaintToleration*3 NodeAffinity*2 NodePorts NodeName"},
		{"what is enabled at the point is the first", "{filter: {enabled: [{name: NodePorts}]}}", "NodePorts NodeUnschedulable NodeName TaintToleration*3 NodeAffinity*2"},
		{"the last, if it is off at all points", "{filter: {enabled: [{name: NodeName}]}, multiPoint: {disabled: [{name: NodeName}]}}", "NodeUnschedulable TaintToleration*3 NodeAffinity*2 NodePorts NodeName"},
		{"nothing else at this point", `{filter: {enabled: [{name: NodePorts}], disabled: [{name: "*"}]}}`, "NodePorts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var c ProfileConfig
			data, err := api.YAMLToJSON([]byte("{plugins: " + tc.plugins + "}"))
			require.NoError(t, err)
			require.NoError(t, api.UnmarshalJSON(data, &c))
			var order []string
			for _, w := range c.at("filter", []weighted{{plugin: &nodeUnschedulable{}}, {plugin: &nodeName{}}, {&taintToleration{}, 3}, {&nodeAffinity{}, 2}, {plugin: &nodePorts{}}}) {
				name := w.Name()
				if _, scores := w.plugin.(scorePlugin); scores {
					name += fmt.Sprintf("*%d", w.weight)
				}
				order = append(order, name)
			}
			require.Equal(t, tc.want, strings.Join(order, " "))
		})
	}
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	head := "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
	for text, want := range map[string]string{
		"kind: Pod":             "want kind KubeSchedulerConfiguration",
		head + "paralelism: 4":  `unknown field "paralelism"`,
		head + "parallelism: 0": "parallelism: Invalid value: 0: should be an integer value greater than zero",
		head + "leaderElection: {resourceLock: configmaps}":                                                    `leaderElection.resourceLock: Invalid value: "configmaps": resourceLock value must be "leases"`,
		head + "clientConnection: {burst: -1}":                                                                 "clientConnection.burst: Invalid value: -1: must be non-negative",
		head + "percentageOfNodesToScore: 101":                                                                 "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
		head + "profiles: [{percentageOfNodesToScore: -1}]":                                                    "profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]",
		head + "podInitialBackoffSeconds: 0":                                                                   "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0",
		head + "podInitialBackoffSeconds: 11":                                                                  "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds",
		head + "profiles: [{schedulerName: a}, {schedulerName: a}]":                                            `there are two with schedulerName "a"`,
		head + "profiles: [{plugins: {score: {enabled: [{name: Mine}]}}}]":                                     `plugins.score: plugin "Mine" does not exist`,
		head + "profiles: [{plugins: {score: {enabled: [{name: NodeAffinity}, {name: NodeAffinity}]}}}]":       `plugins.score: plugin "NodeAffinity" already registered`,
		head + "profiles: [{plugins: {score: {enabled: [{name: '*'}]}}}]":                                      `plugins.score: plugin "*" does not exist`,
		head + "profiles: [{plugins: {sort: {}}}]":                                                             `no extension point "sort"`,
		head + "profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]":                                      "one bind plugin",
		head + "profiles: [{pluginConfig: [{name: ImageLocality, args: {}}]}]":                                 `pluginConfig[0]: plugin "ImageLocality" takes no arguments`,
		head + "profiles: [{pluginConfig: [{name: NodeAffinity}, {name: NodeAffinity}]}]":                      `pluginConfig[1]: plugin "NodeAffinity" takes no arguments, or has them already`,
		head + "profiles: [{pluginConfig: [{name: NodeAffinity, args: {kind: VolumeBindingArgs}}]}]":           "pluginConfig[0].args: want kind NodeAffinityArgs",
		head + "profiles: [{pluginConfig: [{name: VolumeBinding, args: {scoringStrategy: {}}}]}]":              `unknown field "scoringStrategy"`,
		head + "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Best}}}]}]": `pluginConfig[0].args.scoringStrategy.type: Unsupported value: "Best"`,
	} {
		_, err := loadTestConfig(t, text)
		require.ErrorContains(t, err, want)
	}
}

func TestWhatAConfigurationSaysOfTheProcessIsSaidByFlags(t *testing.T) {
	for _, tc := range []struct {
		text string
		want map[string]string
	}{
		{"{}", map[string]string{}},
		{"{leaderElection: {leaderElect: false}}", map[string]string{"leader-elect": "false"}},
		{
			"{leaderElection: {leaderElect: true, resourceLock: leases, resourceName: mine, resourceNamespace: work, leaseDuration: 1m0s, renewDeadline: 40s, retryPeriod: 5s}}",
			map[string]string{
				"leader-elect": "true", "leader-elect-resource-name": "mine", "leader-elect-resource-namespace": "work",
				"leader-elect-lease-duration": "1m0s", "leader-elect-renew-deadline": "40s", "leader-elect-retry-period": "5s",
			},
		},
		{"{clientConnection: {kubeconfig: /etc/scheduler.conf, qps: 50, burst: 100, contentType: application/json}, enableProfiling: true}", map[string]string{"kubeconfig": "/etc/scheduler.conf"}},
	} {
		var c ProcessConfig
		data, err := api.YAMLToJSON([]byte(tc.text))
		require.NoError(t, err)
		require.NoError(t, api.UnmarshalJSON(data, &c))
		require.Empty(t, c.check())
		said := c.Flags()
		maps.DeleteFunc(said, func(_, value string) bool { return value == "" })
		require.Equal(t, tc.want, said)
	}
}

func TestArguments(t *testing.T) {
	for _, tc := range []struct{ plugin, args, want string }{
		{"DefaultPreemption", `{minCandidateNodesPercentage: 101}`, "minCandidateNodesPercentage: Invalid value: 101: not in valid range [0, 100]"},
		{"DefaultPreemption", `{minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0}`, "minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage"},
		{"InterPodAffinity", `{hardPodAffinityWeight: -1}`, "hardPodAffinityWeight: Invalid value: -1: not in valid range [0, 100]"},
		{"NodeAffinity", `{addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}`, "nodeSelectorTerms: Required value"},
		{"NodeResourcesBalancedAllocation", `{resources: [{name: cpu, weight: 2}]}`, "resources[0].weight: Invalid value: 2: must be 1"},
		{"NodeResourcesBalancedAllocation", `{resources: [{name: cpu}, {name: cpu}]}`, `resources[1].name: Duplicate value: "cpu"`},
		{"NodeResourcesFit", `{ignoredResourceGroups: [example.com/gpu]}`, "resource group name can't contain '/'"},
		{"NodeResourcesFit", `{scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 101}]}}`, "resource weight of cpu not in valid range (0, 100]"},
		{"NodeResourcesFit", `{scoringStrategy: {type: RequestedToCapacityRatio}}`, "must be specified when type is RequestedToCapacityRatio"},
		{"NodeResourcesFit", `{scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 50, score: 10}, {utilization: 50, score: 0}]}}}`, "shape[1].utilization: Invalid value: 50: values must be sorted in increasing order"},
		{"NodeResourcesFit", `{scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 50, score: 11}]}}}`, "shape[0].score: Invalid value: 11: not in valid range [0, 10]"},
		{"PodTopologySpread", `{defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}`, `defaultingType: Invalid value: "System": when .defaultConstraints are not empty`},
		{"PodTopologySpread", `{defaultingType: List, defaultConstraints: [{maxSkew: 0, topologyKey: zone, whenUnsatisfiable: Never}]}`, "maxSkew: Invalid value: 0: not in valid range (0, inf)"},
		{"VolumeBinding", `{bindTimeoutSeconds: -1}`, "should not be a negative value"},
	} {
		_, err := loadTestConfig(t, "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"+
			"profiles: [{pluginConfig: [{name: "+tc.plugin+", args: "+tc.args+"}]}]")
		require.ErrorContains(t, err, "pluginConfig[0].args")
		require.ErrorContains(t, err, tc.want)
	}
	args, err := readArgs([]PluginConfig{{Name: "InterPodAffinity", Args: api.RawExtension{Raw: []byte(`{"ignorePreferredTermsOfExistingPods":true}`)}}})
	require.NoError(t, err)
	require.Equal(t, int32(1), args.podAffinity.HardPodAffinityWeight, "what is left out has its default")
	require.Equal(t, cpuAndMemory(), args.balance.Resources)
	require.Equal(t, systemDefaulting, args.spread.DefaultingType)
}

func TestRequestedToCapacityRatioCurve(t *testing.T) {
	s := newStrategy(&ScoringStrategy{Type: requestedToCapacityRatio, RequestedToCapacityRatio: &RatioStrategy{Shape: []ShapePoint{{20, 0}, {80, 10}}}})
	for utilization, want := range map[int64]int64{0: 0, 20: 0, 50: 50, 80: 100, 100: 100} {
		require.Equal(t, want, s.curve(utilization), "at %d", utilization)
	}
}
