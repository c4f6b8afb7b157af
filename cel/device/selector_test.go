package device

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestMatches(t *testing.T) {
	gpu := &api.Device{
		Name: "gpu-0",
		Attributes: map[api.QualifiedName]api.DeviceAttribute{
			"model":                {StringValue: api.Ptr("a100")},
			"index":                {IntValue: api.Ptr(int64(3))},
			"healthy":              {BoolValue: api.Ptr(true)},
			"driverVersion":        {VersionValue: api.Ptr("1.9.3")},
			"pci.example.org/root": {StringValue: api.Ptr("0000:00")},
		},
		Capacity: map[api.QualifiedName]api.DeviceCapacity{"memory": {Value: api.MustParse("40Gi")}},
	}
	for _, test := range []struct {
		expression string
		matches    bool
		fails      string
	}{
		{expression: `device.driver == "gpu.example.com"`, matches: true},
		{expression: `device.attributes["gpu.example.com"].model == "a100"`, matches: true},
		{expression: `device.attributes["gpu.example.com"].index > 3`},
		{expression: `device.attributes["gpu.example.com"].healthy`, matches: true},
		{expression: `device.attributes["gpu.example.com"].driverVersion.isGreaterThan(semver("1.10.0"))`},
		{expression: `device.attributes["pci.example.org"].root == "0000:00"`, matches: true},
		{expression: `device.capacity["gpu.example.com"].memory.compareTo(quantity("40Gi")) >= 0`, matches: true},
		{expression: `!device.allowMultipleAllocations`, matches: true},
		{expression: `has(device.attributes["other.example.com"].model)`},
		{expression: `"other.example.com" in device.attributes`},
		{expression: `device.attributes["gpu.example.com"].colour == "red"`, fails: "no such key: colour"},
		{expression: `device.attributes["gpu.example.com"].model`, fails: "CEL result of type string could not be converted to bool"},
	} {
		s, err := Compile(test.expression)
		require.NoError(t, err, test.expression)
		matches, err := s.Matches(t.Context(), "gpu.example.com", gpu)
		if test.fails != "" {
			require.ErrorContains(t, err, test.fails, test.expression)
			continue
		}
		require.NoError(t, err, test.expression)
		require.Equal(t, test.matches, matches, test.expression)
	}
	_, err := Compile(`device.driver`)
	require.EqualError(t, err, "must evaluate to bool or the unknown type, not string")
}
