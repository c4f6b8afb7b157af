package scheduler

import (
	"os"
	"path/filepath"
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
	require.Equal(t, scoringStrategy{kind: mostAllocated, resources: []weightedResource{{api.ResourceCPU, 3}}}, packing.scores[0].scorePlugin.(*nodeResourcesFit).strategy)
	require.Len(t, packing.filters, len(profiles[DefaultName].filters), "only scores were switched off")
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	head := "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
	for text, want := range map[string]string{
		"kind: Pod":             "want kind KubeSchedulerConfiguration",
		head + "parallelism: 4": `unknown field "parallelism"`,
		head + "profiles: [{schedulerName: a}, {schedulerName: a}]":                                            `there are two with schedulerName "a"`,
		head + "profiles: [{plugins: {score: {enabled: [{name: Mine}]}}}]":                                     `plugins.score: plugin "Mine" does not exist`,
		head + "profiles: [{plugins: {sort: {}}}]":                                                             `no extension point "sort"`,
		head + "profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]":                                      "one bind plugin",
		head + "profiles: [{pluginConfig: [{name: ImageLocality, args: {}}]}]":                                 `plugin "ImageLocality" takes no arguments`,
		head + "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Best}}}]}]": `scoringStrategy.type "Best"`,
	} {
		_, err := loadTestConfig(t, text)
		require.ErrorContains(t, err, want)
	}
}

func TestRequestedToCapacityRatioCurve(t *testing.T) {
	s, err := (&ScoringStrategy{Type: requestedToCapacityRatio, RequestedToCapacityRatio: &RatioStrategy{Shape: []ShapePoint{{20, 0}, {80, 10}}}}).strategy()
	require.NoError(t, err)
	for utilization, want := range map[int64]int64{0: 0, 20: 0, 50: 50, 80: 100, 100: 100} {
		require.Equal(t, want, s.curve(utilization), "at %d", utilization)
	}
}
