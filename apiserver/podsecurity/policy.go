package podsecurity

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"kubelite/api"
)

// Level is how much a pod may ask for.
type Level string

// The levels, from the most permissive on.
const (
	Privileged Level = "privileged"
	Baseline   Level = "baseline"
	Restricted Level = "restricted"
)

func (l Level) strictness() int {
	switch l {
	case Privileged:
		return 0
	case Baseline:
		return 1
	}
	return 2
}

// StricterThan tells whether a level allows less than another one.
func (l Level) StricterThan(other Level) bool { return l.strictness() > other.strictness() }

// Version is the minor version of Kubernetes whose standards count.
type Version int

// Latest is whatever version the server has.
const Latest Version = math.MaxInt

// String is the version as labels have it.
func (v Version) String() string {
	if v == Latest {
		return "latest"
	}
	return "v1." + strconv.Itoa(int(v))
}

// Standard is a level as of a version.
type Standard struct {
	Level   Level
	Version Version
}

// String is the standard as messages have it: restricted:latest.
func (s Standard) String() string { return string(s.Level) + ":" + s.Version.String() }

// Policy is what a namespace wants: a pod that breaks Enforce is refused, one that breaks Audit is noted in the audit log,
// and for one that breaks Warn its creator is warned.
type Policy struct {
	Enforce, Audit, Warn Standard
}

// prefix is how all labels that make a policy begin.
const prefix = "pod-security.kubernetes.io/"

// Indifferent is the policy of a namespace that has no labels.
func Indifferent() Policy {
	everything := Standard{Privileged, Latest}
	return Policy{everything, everything, everything}
}

// ParseLabels reads the policy of a namespace from its labels. What is wrong with them is in errs, and there is a policy
// all the same: a level that is enforced and cannot be read counts as the strictest, others as the most permissive.
func ParseLabels(labels map[string]string) (p Policy, errs api.ErrorList) {
	p = Indifferent()
	complain := func(label, value string, err error) {
		if err != nil {
			errs = append(errs, api.Path("metadata.labels").Key(label).Invalid(value, err.Error()))
		}
	}
	read := func(mode string, standard *Standard, unreadable Level) (hasLevel, valid, hasVersion bool) {
		if level, ok := labels[prefix+mode]; ok {
			var err error
			if standard.Level, err = parseLevel(level); err != nil {
				standard.Level = unreadable
			}
			complain(prefix+mode, level, err)
			hasLevel, valid = true, err == nil
		}
		if version, ok := labels[prefix+mode+"-version"]; ok {
			var err error
			standard.Version, err = parseVersion(version)
			complain(prefix+mode+"-version", version, err)
			hasVersion = true
		}
		return hasLevel, valid, hasVersion
	}
	_, enforces, _ := read("enforce", &p.Enforce, Restricted)
	read("audit", &p.Audit, Privileged)
	warns, _, versioned := read("warn", &p.Warn, Privileged)
	// Who is going to be refused had better hear of it where the template is written.
	if !warns && enforces && p.Enforce.Level.StricterThan(p.Warn.Level) {
		p.Warn.Level = p.Enforce.Level
		if !versioned {
			p.Warn.Version = p.Enforce.Version
		}
	}
	return p, errs
}

func parseLevel(text string) (Level, error) {
	switch l := Level(text); l {
	case Privileged, Baseline, Restricted:
		return l, nil
	}
	return "", errors.New("must be one of privileged, baseline, restricted")
}

var versionPattern = api.Pattern(`^v1\.([0-9]|[1-9][0-9]*)$`)

func parseVersion(text string) (Version, error) {
	minor, err := strconv.Atoi(strings.TrimPrefix(text, "v1."))
	switch {
	case text == "latest":
		return Latest, nil
	case err != nil, !versionPattern().MatchString(text):
		return Latest, errors.New(`must be "latest" or "v1.x"`)
	}
	return Version(minor), nil
}
