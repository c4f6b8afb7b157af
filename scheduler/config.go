package scheduler

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// DefaultName is what pods get in spec.schedulerName that ask for no other scheduler.
const DefaultName = "default-scheduler"

// Configuration is a file of upstream's kind KubeSchedulerConfiguration, as far as there is something to configure here.
// Fields that have no meaning here are an error, not ignored.
type Configuration struct {
	APIVersion               string           `json:"apiVersion"`
	Kind                     string           `json:"kind"`
	PercentageOfNodesToScore int              `json:"percentageOfNodesToScore,omitempty"`
	PodInitialBackoffSeconds int64            `json:"podInitialBackoffSeconds,omitempty"`
	PodMaxBackoffSeconds     int64            `json:"podMaxBackoffSeconds,omitempty"`
	Profiles                 []ProfileConfig  `json:"profiles,omitempty"`
	Extenders                []ExtenderConfig `json:"extenders,omitempty"` // of all profiles
}

// ProfileConfig says how pods of one spec.schedulerName are scheduled. A cluster may have several, and schedulers that are
// other programs besides.
type ProfileConfig struct {
	SchedulerName            string               `json:"schedulerName"`
	PercentageOfNodesToScore int                  `json:"percentageOfNodesToScore,omitempty"`
	Plugins                  map[string]PluginSet `json:"plugins,omitempty"` // by extension point; multiPoint is all of them
	PluginConfig             []PluginConfig       `json:"pluginConfig,omitempty"`
}

// PluginSet switches plugins on and off, "*" all of them, or gives them another weight.
type PluginSet struct {
	Enabled  []PluginRef `json:"enabled,omitempty"`
	Disabled []PluginRef `json:"disabled,omitempty"`
}

// PluginRef names a plugin.
type PluginRef struct {
	Name   string `json:"name"`
	Weight int64  `json:"weight,omitempty"`
}

const configVersion = "kubescheduler.config.k8s.io/v1"

// LoadConfiguration reads a configuration file.
func LoadConfiguration(file string) (*Configuration, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	data, mistakes, err := api.YAMLToJSONStrict(data)
	var cfg Configuration
	if err == nil && len(mistakes) == 0 {
		mistakes, err = api.UnmarshalJSONStrict(data, &cfg)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", file, err)
	case len(mistakes) > 0:
		return nil, fmt.Errorf("%s: %w", file, mistakes[0])
	case cfg.APIVersion != configVersion || cfg.Kind != "KubeSchedulerConfiguration":
		return nil, fmt.Errorf("%s: want kind KubeSchedulerConfiguration of %s, not %s of %q", file, configVersion, cfg.Kind, cfg.APIVersion)
	}
	return &cfg, nil
}

// newProfiles makes the profiles of a configuration, by name.
func newProfiles(cfg *Configuration, k *kit) (map[string]*profile, error) {
	if cfg == nil {
		cfg = &Configuration{}
	}
	configs := cfg.Profiles
	if len(configs) == 0 {
		configs = []ProfileConfig{{SchedulerName: DefaultName}}
	}
	extenders, err := newExtenders(cfg.Extenders)
	if err != nil {
		return nil, err
	}
	profiles := map[string]*profile{}
	for i := range configs {
		c := &configs[i]
		if c.SchedulerName == "" {
			c.SchedulerName = DefaultName
		}
		if profiles[c.SchedulerName] != nil {
			return nil, fmt.Errorf("profiles[%d]: there are two with schedulerName %q", i, c.SchedulerName)
		}
		p, err := c.profile(k, ignoredResources(cfg.Extenders))
		if err != nil {
			return nil, fmt.Errorf("profiles[%d]: %w", i, err)
		}
		p.extend(extenders)
		if p.percentage = c.PercentageOfNodesToScore; p.percentage == 0 {
			p.percentage = cfg.PercentageOfNodesToScore
		}
		profiles[c.SchedulerName] = p
	}
	return profiles, nil
}

// backoffs are how long a pod waits after its first attempt in vain, and how long at most.
func (cfg *Configuration) backoffs() (first, last time.Duration) {
	first, last = firstBackoff, lastBackoff
	if cfg != nil && cfg.PodInitialBackoffSeconds > 0 {
		first = time.Duration(cfg.PodInitialBackoffSeconds) * time.Second
	}
	if cfg != nil && cfg.PodMaxBackoffSeconds > 0 {
		last = time.Duration(cfg.PodMaxBackoffSeconds) * time.Second
	}
	return first, last
}

// profile makes the profile. Some resources are for others to count.
func (c *ProfileConfig) profile(k *kit, ignored []string) (*profile, error) {
	args, err := readArgs(c.PluginConfig)
	if err != nil {
		return nil, err
	}
	args.fit.IgnoredResources = append(args.fit.IgnoredResources, ignored...)
	plugins := defaultPlugins(k, args)
	if err := c.checkNames(plugins); err != nil {
		return nil, err
	}
	for i := range plugins {
		for _, point := range []string{"multiPoint", "score"} {
			for _, ref := range c.Plugins[point].Enabled {
				if ref.Name == plugins[i].Name() && ref.Weight > 0 {
					plugins[i].weight = ref.Weight
				}
			}
		}
	}
	return newProfile(c.SchedulerName, plugins, c.off)
}

// off tells whether a plugin is switched off at a point. What is enabled there is on, whatever is said of all points.
func (c *ProfileConfig) off(point, plugin string) bool {
	names := func(refs []PluginRef) bool {
		return slices.ContainsFunc(refs, func(r PluginRef) bool { return r.Name == plugin || r.Name == "*" })
	}
	for _, at := range []string{point, "multiPoint"} {
		set := c.Plugins[at]
		switch {
		case names(set.Enabled):
			return false
		case names(set.Disabled):
			return true
		}
	}
	return false
}

// extensionPoints are the names that plugins: may have.
var extensionPoints = []string{"multiPoint", "preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit", "preBind", "bind", "postBind"}

func (c *ProfileConfig) checkNames(plugins []weighted) error {
	for point, set := range c.Plugins {
		if !slices.Contains(extensionPoints, point) {
			return fmt.Errorf("plugins: there is no extension point %q; there are %s", point, strings.Join(extensionPoints, ", "))
		}
		for _, ref := range slices.Concat(set.Enabled, set.Disabled) {
			if ref.Name != "*" && !slices.ContainsFunc(plugins, func(w weighted) bool { return w.Name() == ref.Name }) {
				return fmt.Errorf("plugins.%s: plugin %q does not exist", point, ref.Name)
			}
		}
	}
	return nil
}
