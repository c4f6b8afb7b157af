package apiserver

import (
	"cmp"
	"strconv"
	"strings"
)

// compareVersions orders the versions of a custom kind by how much clients prefer them: v2, v1, v2beta1, v1beta1, v1alpha1,
// then names of any other form by the alphabet. The result is negative if a is preferred.
func compareVersions(a, b string) int {
	x, xKnown := parseVersion(a)
	y, yKnown := parseVersion(b)
	switch {
	case !xKnown && !yKnown:
		return cmp.Compare(a, b)
	case !xKnown:
		return 1
	case !yKnown:
		return -1
	}
	return cmp.Or(cmp.Compare(y.stage, x.stage), cmp.Compare(y.major, x.major), cmp.Compare(y.minor, x.minor))
}

// stages of versions: "v2" is stable, "v2beta3" is the third draft of what may become it.
const (
	stageAlpha = iota
	stageBeta
	stageStable
)

type parsedVersion struct{ stage, major, minor int }

func parseVersion(name string) (v parsedVersion, ok bool) {
	rest, ok := strings.CutPrefix(name, "v")
	if !ok {
		return v, false
	}
	v.stage = stageStable
	for stage, word := range []string{"alpha", "beta"} {
		if major, minor, found := strings.Cut(rest, word); found {
			number, err := strconv.Atoi(minor)
			if err != nil || number == 0 {
				return v, false
			}
			rest, v.stage, v.minor = major, stage, number
			break
		}
	}
	major, err := strconv.Atoi(rest)
	v.major = major
	return v, err == nil && major > 0
}
