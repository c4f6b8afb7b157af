package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// PluginConfig holds a plugin's arguments: an object of the kind that upstream has for the plugin, such as NodeResourcesFitArgs.
// What it leaves out has upstream's default.
type PluginConfig struct {
	Name string           `json:"name"`
	Args api.RawExtension `json:"args"`
}

// DefaultPreemptionArgs say how many nodes are tried before the best of them is chosen: a share of those that may do, but no
// fewer than so many.
type DefaultPreemptionArgs struct {
	api.TypeMeta                `json:",inline"`
	MinCandidateNodesPercentage int32 `json:"minCandidateNodesPercentage"`
	MinCandidateNodesAbsolute   int32 `json:"minCandidateNodesAbsolute"`
}

// DynamicResourcesArgs say how long devices may be looked for on one node (0: for ever), and how long a pod with a node waits
// until its devices are ready.
type DynamicResourcesArgs struct {
	api.TypeMeta   `json:",inline"`
	FilterTimeout  api.Duration `json:"filterTimeout"`
	BindingTimeout api.Duration `json:"bindingTimeout"`
}

// InterPodAffinityArgs say what the affinity of running pods counts for a new one.
type InterPodAffinityArgs struct {
	api.TypeMeta                       `json:",inline"`
	HardPodAffinityWeight              int32 `json:"hardPodAffinityWeight"`              // of required affinity; preferred has a weight of its own
	IgnorePreferredTermsOfExistingPods bool  `json:"ignorePreferredTermsOfExistingPods"` // for pods without preferences of their own
}

// NodeAffinityArgs are rules for all pods of the profile, besides their own.
type NodeAffinityArgs struct {
	api.TypeMeta  `json:",inline"`
	AddedAffinity *api.NodeAffinity `json:"addedAffinity,omitempty"`
}

// NodeResourcesBalancedAllocationArgs name the resources that should be in use to the same share.
type NodeResourcesBalancedAllocationArgs struct {
	api.TypeMeta `json:",inline"`
	Resources    []ResourceSpec `json:"resources,omitempty"`
}

// NodeResourcesFitArgs say which nodes are better, and which resources are somebody else's to count.
type NodeResourcesFitArgs struct {
	api.TypeMeta          `json:",inline"`
	IgnoredResources      []string         `json:"ignoredResources,omitempty"`
	IgnoredResourceGroups []string         `json:"ignoredResourceGroups,omitempty"` // "example.com" for all of example.com/...
	ScoringStrategy       *ScoringStrategy `json:"scoringStrategy,omitempty"`
}

// PodTopologySpreadArgs are constraints for pods that have none themselves: upstream's own, or those of a list.
type PodTopologySpreadArgs struct {
	api.TypeMeta       `json:",inline"`
	DefaultConstraints []api.TopologySpreadConstraint `json:"defaultConstraints,omitempty"`
	DefaultingType     string                         `json:"defaultingType,omitempty"` // System or List
}

// VolumeBindingArgs say how long a pod with a node waits for its volumes.
type VolumeBindingArgs struct {
	api.TypeMeta       `json:",inline"`
	BindTimeoutSeconds int64 `json:"bindTimeoutSeconds"`
}

// ScoringStrategy says whether full or empty nodes are good ones.
type ScoringStrategy struct {
	Type                     string         `json:"type"`
	Resources                []ResourceSpec `json:"resources,omitempty"`
	RequestedToCapacityRatio *RatioStrategy `json:"requestedToCapacityRatio,omitempty"`
}

// ResourceSpec is a resource and what it counts among others.
type ResourceSpec struct {
	Name   api.ResourceName `json:"name"`
	Weight int64            `json:"weight,omitempty"`
}

// RatioStrategy is the curve of RequestedToCapacityRatio: scores from 0 to 10.
type RatioStrategy struct {
	Shape []ShapePoint `json:"shape"`
}

// ShapePoint is a point of the curve.
type ShapePoint struct {
	Utilization int64 `json:"utilization"`
	Score       int64 `json:"score"`
}

const systemDefaulting, listDefaulting = "System", "List"

// pluginArgs are the arguments of all plugins of a profile.
type pluginArgs struct {
	preemption  DefaultPreemptionArgs
	devices     DynamicResourcesArgs
	podAffinity InterPodAffinityArgs
	affinity    NodeAffinityArgs
	balance     NodeResourcesBalancedAllocationArgs
	fit         NodeResourcesFitArgs
	spread      PodTopologySpreadArgs
	volumes     VolumeBindingArgs
}

func cpuAndMemory() []ResourceSpec {
	return []ResourceSpec{{api.ResourceCPU, 1}, {api.ResourceMemory, 1}}
}

// arguments are one plugin's.
type arguments interface {
	GetTypeMeta() *api.TypeMeta
	// check fills in what was left out, and lists mistakes as upstream does.
	check(path api.Path) api.ErrorList
}

// readArgs takes in the arguments of a profile, on top of upstream's defaults.
func readArgs(configs []PluginConfig) (*pluginArgs, error) {
	a := &pluginArgs{
		preemption:  DefaultPreemptionArgs{MinCandidateNodesPercentage: 10, MinCandidateNodesAbsolute: 100},
		devices:     DynamicResourcesArgs{FilterTimeout: api.Duration{Duration: 10 * time.Second}, BindingTimeout: api.Duration{Duration: 10 * time.Minute}},
		podAffinity: InterPodAffinityArgs{HardPodAffinityWeight: 1},
		volumes:     VolumeBindingArgs{BindTimeoutSeconds: 600},
	}
	plugins := map[string]arguments{
		"DefaultPreemption": &a.preemption, "DynamicResources": &a.devices, "InterPodAffinity": &a.podAffinity, "NodeAffinity": &a.affinity, "NodeResourcesBalancedAllocation": &a.balance,
		"NodeResourcesFit": &a.fit, "PodTopologySpread": &a.spread, "VolumeBinding": &a.volumes,
	}
	for i, c := range configs {
		path, args := api.Path("pluginConfig").Index(i), plugins[c.Name]
		if args == nil {
			return nil, fmt.Errorf("%s: plugin %q takes no arguments, or has them already", path, c.Name)
		}
		if err := c.read(path.Child("args"), args); err != nil {
			return nil, err
		}
		delete(plugins, c.Name)
	}
	for _, args := range plugins {
		args.check("") // what nobody configured
	}
	return a, nil
}

// read takes in one plugin's arguments.
func (c *PluginConfig) read(path api.Path, args arguments) error {
	if len(c.Args.Raw) > 0 {
		mistakes, err := api.UnmarshalJSONStrict(c.Args.Raw, args)
		if err = errors.Join(append(mistakes, err)...); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	kind := args.GetTypeMeta()
	if kind.Kind != "" && kind.Kind != c.Name+"Args" || kind.APIVersion != "" && kind.APIVersion != configVersion {
		return fmt.Errorf("%s: want kind %sArgs of %s, not %s of %s", path, c.Name, configVersion, kind.Kind, kind.APIVersion)
	}
	if mistakes := args.check(path); len(mistakes) > 0 {
		return errors.New(mistakes.Aggregate())
	}
	return nil
}

func (a *DefaultPreemptionArgs) check(path api.Path) (mistakes api.ErrorList) {
	percentage, absolute := path.Child("minCandidateNodesPercentage"), path.Child("minCandidateNodesAbsolute")
	if a.MinCandidateNodesPercentage < 0 || a.MinCandidateNodesPercentage > 100 {
		mistakes = append(mistakes, percentage.Invalid(a.MinCandidateNodesPercentage, "not in valid range [0, 100]"))
	}
	if a.MinCandidateNodesAbsolute < 0 {
		mistakes = append(mistakes, absolute.Invalid(a.MinCandidateNodesAbsolute, "not in valid range [0, inf)"))
	}
	if a.MinCandidateNodesPercentage == 0 && a.MinCandidateNodesAbsolute == 0 {
		mistakes = append(mistakes, percentage.Invalid(0, "cannot be zero at the same time as minCandidateNodesAbsolute"),
			absolute.Invalid(0, "cannot be zero at the same time as minCandidateNodesPercentage"))
	}
	return mistakes
}

func (a *DynamicResourcesArgs) check(path api.Path) (mistakes api.ErrorList) {
	if a.FilterTimeout.Duration < 0 {
		mistakes = append(mistakes, path.Child("filterTimeout").Invalid(a.FilterTimeout, "must be zero or positive"))
	}
	if a.BindingTimeout.Duration < time.Second {
		mistakes = append(mistakes, path.Child("bindingTimeout").Invalid(a.BindingTimeout, "must be at least 1 second"))
	}
	return mistakes
}

func (a *InterPodAffinityArgs) check(path api.Path) (mistakes api.ErrorList) {
	if a.HardPodAffinityWeight < 0 || a.HardPodAffinityWeight > 100 {
		mistakes = append(mistakes, path.Child("hardPodAffinityWeight").Invalid(a.HardPodAffinityWeight, "not in valid range [0, 100]"))
	}
	return mistakes
}

func (a *NodeAffinityArgs) check(path api.Path) api.ErrorList {
	if a.AddedAffinity == nil {
		return nil
	}
	return api.ValidateNodeAffinity(path.Child("addedAffinity"), a.AddedAffinity)
}

func (a *NodeResourcesBalancedAllocationArgs) check(path api.Path) (mistakes api.ErrorList) {
	a.Resources = completeResources(a.Resources)
	for i, r := range a.Resources {
		at := path.Child("resources").Index(i)
		if slices.ContainsFunc(a.Resources[:i], func(other ResourceSpec) bool { return other.Name == r.Name }) {
			mistakes = append(mistakes, at.Child("name").Duplicate(string(r.Name)))
		}
		if r.Weight != 1 {
			mistakes = append(mistakes, at.Child("weight").Invalid(r.Weight, "must be 1"))
		}
	}
	return mistakes
}

func (a *NodeResourcesFitArgs) check(path api.Path) (mistakes api.ErrorList) {
	named := func(path api.Path, name string) {
		for _, detail := range api.IsQualifiedName(name) {
			mistakes = append(mistakes, path.Invalid(name, detail))
		}
	}
	for i, name := range a.IgnoredResources {
		named(path.Child("ignoredResources").Index(i), name)
	}
	for i, group := range a.IgnoredResourceGroups {
		at := path.Child("ignoredResourceGroups").Index(i)
		if strings.Contains(group, "/") {
			mistakes = append(mistakes, at.Invalid(group, "resource group name can't contain '/'"))
		}
		named(at, group)
	}
	if a.ScoringStrategy == nil {
		a.ScoringStrategy = &ScoringStrategy{Type: leastAllocated}
	}
	return append(mistakes, a.ScoringStrategy.check(path.Child("scoringStrategy"))...)
}

func (s *ScoringStrategy) check(path api.Path) (mistakes api.ErrorList) {
	s.Resources = completeResources(s.Resources)
	if s.Type != leastAllocated && s.Type != mostAllocated && s.Type != requestedToCapacityRatio {
		mistakes = append(mistakes, path.Child("type").NotSupported(s.Type, leastAllocated, mostAllocated, requestedToCapacityRatio))
	}
	for i, r := range s.Resources {
		if r.Weight <= 0 || r.Weight > 100 {
			mistakes = append(mistakes, path.Child("resources").Index(i).Child("weight").Invalid(r.Weight, fmt.Sprintf("resource weight of %s not in valid range (0, 100]", r.Name)))
		}
	}
	switch ratio := path.Child("requestedToCapacityRatio"); {
	case s.Type == requestedToCapacityRatio && s.RequestedToCapacityRatio == nil:
		mistakes = append(mistakes, ratio.Required("must be specified when type is RequestedToCapacityRatio"))
	case s.Type == requestedToCapacityRatio:
		mistakes = append(mistakes, checkShape(ratio.Child("shape"), s.RequestedToCapacityRatio.Shape)...)
	case s.RequestedToCapacityRatio != nil:
		mistakes = append(mistakes, ratio.Forbidden("must be nil when type is not RequestedToCapacityRatio"))
	}
	return mistakes
}

func checkShape(path api.Path, shape []ShapePoint) (mistakes api.ErrorList) {
	if len(shape) == 0 {
		return api.ErrorList{path.Required("at least one point must be specified")}
	}
	for i := 1; i < len(shape); i++ {
		if at := shape[i].Utilization; at <= shape[i-1].Utilization {
			mistakes = append(mistakes, path.Index(i).Child("utilization").Invalid(at, "values must be sorted in increasing order"))
			break
		}
	}
	for i, p := range shape {
		if p.Utilization < 0 || p.Utilization > 100 {
			mistakes = append(mistakes, path.Index(i).Child("utilization").Invalid(p.Utilization, "not in valid range [0, 100]"))
		}
		if p.Score < 0 || p.Score > 10 {
			mistakes = append(mistakes, path.Index(i).Child("score").Invalid(p.Score, "not in valid range [0, 10]"))
		}
	}
	return mistakes
}

func (a *PodTopologySpreadArgs) check(path api.Path) (mistakes api.ErrorList) {
	kind := path.Child("defaultingType")
	switch {
	case a.DefaultingType == "":
		a.DefaultingType = systemDefaulting
	case a.DefaultingType != systemDefaulting && a.DefaultingType != listDefaulting:
		mistakes = append(mistakes, kind.NotSupported(a.DefaultingType, systemDefaulting, listDefaulting))
	}
	if a.DefaultingType == systemDefaulting && len(a.DefaultConstraints) > 0 {
		mistakes = append(mistakes, kind.Invalid(a.DefaultingType, "when .defaultConstraints are not empty"))
	}
	for i := range a.DefaultConstraints {
		c, at := &a.DefaultConstraints[i], path.Child("defaultConstraints").Index(i)
		if c.MaxSkew <= 0 {
			mistakes = append(mistakes, at.Child("maxSkew").Invalid(c.MaxSkew, "not in valid range (0, inf)"))
		}
		if c.TopologyKey == "" {
			mistakes = append(mistakes, at.Child("topologyKey").Required("can not be empty"))
		}
		if c.WhenUnsatisfiable != api.DoNotSchedule && c.WhenUnsatisfiable != api.ScheduleAnyway {
			mistakes = append(mistakes, at.Child("whenUnsatisfiable").NotSupported(string(c.WhenUnsatisfiable), string(api.DoNotSchedule), string(api.ScheduleAnyway)))
		}
		if c.LabelSelector != nil {
			mistakes = append(mistakes, at.Child("labelSelector").Forbidden("constraint must not define a selector, as they deduced for each pod"))
		}
		if slices.ContainsFunc(a.DefaultConstraints[:i], func(other api.TopologySpreadConstraint) bool {
			return other.TopologyKey == c.TopologyKey && other.WhenUnsatisfiable == c.WhenUnsatisfiable
		}) {
			mistakes = append(mistakes, at.Duplicate(fmt.Sprintf("{%s, %s}", c.TopologyKey, c.WhenUnsatisfiable)))
		}
	}
	return mistakes
}

func (a *VolumeBindingArgs) check(path api.Path) (mistakes api.ErrorList) {
	if a.BindTimeoutSeconds < 0 {
		mistakes = append(mistakes, path.Child("bindTimeoutSeconds").Invalid(a.BindTimeoutSeconds, "invalid BindTimeoutSeconds, should not be a negative value"))
	}
	return mistakes
}

// completeResources puts CPU and memory for none, and a weight of 1 where none is said.
func completeResources(resources []ResourceSpec) []ResourceSpec {
	if len(resources) == 0 {
		return cpuAndMemory()
	}
	for i := range resources {
		if resources[i].Weight == 0 {
			resources[i].Weight = 1
		}
	}
	return resources
}
