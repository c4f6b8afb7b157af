package cel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/blang/semver/v4"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

var semverKind = &opaqueKind[semver.Version]{
	celType: cel.ObjectType("kubernetes.Semver"),
	equal:   semver.Version.EQ,
}

// Semver makes the value of a semantic version.
func Semver(version string) (Value, error) {
	v, err := semver.Parse(version)
	if err != nil {
		return Value{}, fmt.Errorf("parse semantic version: %w", err)
	}
	return Value{semverKind.of(v)}, nil
}

// Semantic versions: semver("1.2.3"), comparisons and parts. With true as second argument, "v1.2" is one too.
func semverFunctions() functions {
	return functions{
		"semver": {
			function("string_to_semver", semverKind.celType, unary(func(s string) ref.Val { return toSemver(s, false) }), cel.StringType),
			function("string_bool_to_semver", semverKind.celType, binary(toSemver), cel.StringType, cel.BoolType),
		},
		"isSemver": {
			function("is_semver_string", cel.BoolType, unary(func(s string) ref.Val { return isSemver(s, false) }), cel.StringType),
			function("is_semver_string_bool", cel.BoolType, binary(isSemver), cel.StringType, cel.BoolType),
		},
		"isGreaterThan": {semverCompare("semver_is_greater_than", cel.BoolType, func(order int) ref.Val { return types.Bool(order > 0) })},
		"isLessThan":    {semverCompare("semver_is_less_than", cel.BoolType, func(order int) ref.Val { return types.Bool(order < 0) })},
		"compareTo":     {semverCompare("semver_compare_to", cel.IntType, func(order int) ref.Val { return types.Int(order) })},
		"major":         {semverPart("semver_major", func(v semver.Version) uint64 { return v.Major })},
		"minor":         {semverPart("semver_minor", func(v semver.Version) uint64 { return v.Minor })},
		"patch":         {semverPart("semver_patch", func(v semver.Version) uint64 { return v.Patch })},
	}
}

func semverCompare(id string, result *cel.Type, answer func(order int) ref.Val) cel.FunctionOpt {
	return method(id, result, binary(func(a, b semver.Version) ref.Val { return answer(a.Compare(b)) }), semverKind.celType, semverKind.celType)
}

func semverPart(id string, part func(semver.Version) uint64) cel.FunctionOpt {
	return method(id, cel.IntType, unary(func(v semver.Version) ref.Val { return types.Int(part(v)) }), semverKind.celType)
}

func toSemver(s string, tolerant bool) ref.Val {
	v, err := parseSemver(s, tolerant)
	if err != nil {
		return types.WrapErr(err)
	}
	return semverKind.of(v)
}

func isSemver(s string, tolerant bool) ref.Val {
	_, err := parseSemver(s, tolerant)
	return types.Bool(err == nil)
}

// parseSemver, when tolerant, takes a "v" in front, leading zeros, and versions of one or two numbers.
func parseSemver(s string, tolerant bool) (semver.Version, error) {
	if !tolerant {
		return semver.Parse(s)
	}
	parts := strings.SplitN(strings.TrimPrefix(s, "v"), ".", 3)
	for i, part := range parts {
		if len(part) < 2 {
			continue
		}
		part = strings.TrimLeft(part, "0")
		if part == "" || part[0] < '0' || part[0] > '9' {
			part = "0" + part
		}
		parts[i] = part
	}
	if len(parts) < 3 && strings.ContainsAny(parts[len(parts)-1], "+-") {
		return semver.Version{}, errors.New("short version cannot contain PreRelease/Build meta data")
	}
	for len(parts) < 3 {
		parts = append(parts, "0")
	}
	return semver.Parse(strings.Join(parts, "."))
}
