package scheduler

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// DefaultName is what pods get in spec.schedulerName that ask for no other scheduler.
const DefaultName = "default-scheduler"

// Configuration is a file of upstream's kind KubeSchedulerConfiguration. Fields that upstream has not are an error.
type Configuration struct {
	APIVersion               string           `json:"apiVersion"`
	Kind                     string           `json:"kind"`
	PercentageOfNodesToScore *int             `json:"percentageOfNodesToScore,omitempty"`
	PodInitialBackoffSeconds *int64           `json:"podInitialBackoffSeconds,omitempty"`
	PodMaxBackoffSeconds     *int64           `json:"podMaxBackoffSeconds,omitempty"`
	Profiles                 []ProfileConfig  `json:"profiles,omitempty"`
	Extenders                []ExtenderConfig `json:"extenders,omitempty"` // of all profiles

	ProcessConfig `json:",inline"`
}

// ProfileConfig says how pods of one spec.schedulerName are scheduled. A cluster may have several, and schedulers that are
// other programs besides.
type ProfileConfig struct {
	SchedulerName            string               `json:"schedulerName"`
	PercentageOfNodesToScore *int                 `json:"percentageOfNodesToScore,omitempty"` // nil: as for all profiles
	Plugins                  map[string]PluginSet `json:"plugins,omitempty"`                  // by extension point; multiPoint is all of them
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
	if mistakes := cfg.check(); len(mistakes) > 0 {
		return nil, fmt.Errorf("%s: %s", file, mistakes.Aggregate())
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
		p.percentage = api.Deref(cmp.Or(c.PercentageOfNodesToScore, cfg.PercentageOfNodesToScore), 0)
		profiles[c.SchedulerName] = p
	}
	return profiles, nil
}

// backoffs are how long a pod waits after its first attempt in vain, and how long at most.
func (cfg *Configuration) backoffs() (first, last time.Duration) {
	if cfg == nil {
		return firstBackoff, lastBackoff
	}
	seconds := func(n *int64, otherwise time.Duration) time.Duration {
		if n == nil {
			return otherwise
		}
		return time.Duration(*n) * time.Second
	}
	return seconds(cfg.PodInitialBackoffSeconds, firstBackoff), seconds(cfg.PodMaxBackoffSeconds, lastBackoff)
}

func (cfg *Configuration) check() api.ErrorList {
	mistakes := append(cfg.ProcessConfig.check(), checkPercentage("percentageOfNodesToScore", cfg.PercentageOfNodesToScore)...)
	for i, p := range cfg.Profiles {
		mistakes = append(mistakes, checkPercentage(api.Path("profiles").Index(i).Child("percentageOfNodesToScore"), p.PercentageOfNodesToScore)...)
	}
	switch first, last := cfg.backoffs(); {
	case first <= 0:
		mistakes = append(mistakes, api.Path("podInitialBackoffSeconds").Invalid(*cfg.PodInitialBackoffSeconds, "must be greater than 0"))
	case last < first:
		mistakes = append(mistakes, api.Path("podMaxBackoffSeconds").Invalid(int64(last.Seconds()), "must be greater than or equal to PodInitialBackoffSeconds"))
	}
	return mistakes
}

func checkPercentage(path api.Path, n *int) (mistakes api.ErrorList) {
	if n != nil && (*n < 0 || *n > 100) {
		mistakes = append(mistakes, path.Invalid(*n, "not in valid range [0-100]"))
	}
	return mistakes
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
	return newProfile(c.SchedulerName, func(point string) []weighted { return c.at(point, plugins) })
}

// at are the plugins of an extension point, in the order in which they run. What is enabled there comes as it is listed: before
// the rest if it is a plugin of all points, which it then replaces, else after it.
func (c *ProfileConfig) at(point string, defaults []weighted) []weighted {
	everywhere, here := c.Plugins["multiPoint"].over(defaults), c.Plugins[point]
	var first, last []weighted
	for _, ref := range here.Enabled {
		w := ref.of(defaults)
		if slices.ContainsFunc(everywhere, w.isCalled) && !here.disables(ref.Name) {
			first = append(first, w)
		} else {
			last = append(last, w)
		}
	}
	rest := slices.DeleteFunc(everywhere, func(w weighted) bool {
		return here.disables(w.Name()) || names(here.Enabled, w.Name())
	})
	return slices.Concat(first, rest, last)
}

// over are the plugins of all points: those that are there without a word, in their places, and then what is enabled besides.
func (s PluginSet) over(defaults []weighted) (all []weighted) {
	for _, w := range defaults {
		if s.disables(w.Name()) {
			continue
		}
		for _, ref := range s.Enabled {
			if ref.Name == w.Name() {
				w = ref.of(defaults)
			}
		}
		all = append(all, w)
	}
	for _, ref := range s.Enabled {
		if w := ref.of(defaults); !slices.ContainsFunc(all, w.isCalled) {
			all = append(all, w)
		}
	}
	return all
}

func (s PluginSet) disables(plugin string) bool {
	return names(s.Disabled, plugin) || names(s.Disabled, "*")
}

func names(refs []PluginRef, plugin string) bool {
	return slices.ContainsFunc(refs, func(r PluginRef) bool { return r.Name == plugin })
}

// of is the plugin that is meant. Scores of one that is enabled without a weight count once, whatever they counted before.
func (r PluginRef) of(defaults []weighted) weighted {
	i := slices.IndexFunc(defaults, func(w weighted) bool { return w.Name() == r.Name })
	return weighted{defaults[i].plugin, max(r.Weight, 1)}
}

func (w weighted) isCalled(other weighted) bool { return w.Name() == other.Name() }

// extensionPoints are the names that plugins: may have.
var extensionPoints = []string{"multiPoint", "preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit", "preBind", "bind", "postBind"}

func (c *ProfileConfig) checkNames(plugins []weighted) error {
	for point, set := range c.Plugins {
		if !slices.Contains(extensionPoints, point) {
			return fmt.Errorf("plugins: there is no extension point %q; there are %s", point, strings.Join(extensionPoints, ", "))
		}
		missing := func(ref PluginRef) bool {
			return !slices.ContainsFunc(plugins, func(w weighted) bool { return w.Name() == ref.Name })
		}
		for i, ref := range set.Enabled {
			switch {
			case missing(ref):
				return fmt.Errorf("plugins.%s: plugin %q does not exist", point, ref.Name)
			case names(set.Enabled[:i], ref.Name):
				return fmt.Errorf("plugins.%s: plugin %q already registered", point, ref.Name)
			}
		}
		for _, ref := range set.Disabled {
			if ref.Name != "*" && missing(ref) {
				return fmt.Errorf("plugins.%s: plugin %q does not exist", point, ref.Name)
			}
		}
	}
	return nil
}
