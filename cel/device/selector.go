package device

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"kubelite/api"
	"kubelite/cel"
)

// Selector is a compiled expression. Any number of goroutines may ask it at once.
type Selector struct{ program *cel.Program }

// byDomain is a map of maps: by domain, then by name. A domain of which a device has nothing is there and empty, so that
// has(device.attributes["x.example.com"].y) is simply false.
var byDomain = &cel.Type{Kind: cel.Map, Items: cel.MapOf(cel.Dynamic), Absent: map[string]any{}, MaxElements: -1, MinSize: 2}

var deviceType = &cel.Type{Kind: cel.Object, Name: "kubernetes.DRADevice", Fields: map[string]*cel.Type{
	"driver":                   cel.AnyString,
	"attributes":               byDomain,
	"capacity":                 byDomain,
	"allowMultipleAllocations": cel.AnyBool,
}}

var env = sync.OnceValues(func() (*cel.Env, error) {
	return cel.Base().With(cel.Variable{Name: "device", Type: deviceType})
})

// Compile checks an expression. The error is worded as upstream's.
func Compile(expression string) (*Selector, error) {
	env, err := env()
	if err != nil {
		return nil, err
	}
	program, err := env.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("compilation failed: %w", err)
	}
	if !program.Is(cel.AnyBool, cel.Dynamic) {
		return nil, fmt.Errorf("must evaluate to bool or the unknown type, not %s", program.Output())
	}
	return &Selector{program}, nil
}

// Matches tells whether a device of the driver is one of those that are wanted. An expression that asks for an attribute
// which the device does not have is an error, unless it asks first whether it is there.
func (s *Selector) Matches(ctx context.Context, driver string, d *api.Device) (bool, error) {
	attributes, err := attributesOf(driver, d)
	if err != nil {
		return false, err
	}
	result, err := s.program.Eval(ctx, map[string]any{"device": map[string]any{
		"driver": driver, "allowMultipleAllocations": api.Deref(d.AllowMultipleAllocations, false),
		"attributes": attributes, "capacity": capacityOf(driver, d),
	}}, nil)
	if err != nil {
		return false, err
	}
	matches, ok := result.Bool()
	if !ok {
		return false, fmt.Errorf("CEL result of type %s could not be converted to bool", result.TypeName())
	}
	return matches, nil
}

func attributesOf(driver string, d *api.Device) (map[string]any, error) {
	domains := map[string]any{}
	for name, attribute := range d.Attributes {
		value, err := attributeValue(&attribute)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		put(domains, driver, name, value)
	}
	return domains, nil
}

func attributeValue(a *api.DeviceAttribute) (any, error) {
	switch {
	case a.IntValue != nil:
		return *a.IntValue, nil
	case a.BoolValue != nil:
		return *a.BoolValue, nil
	case a.StringValue != nil:
		return *a.StringValue, nil
	case a.VersionValue != nil:
		return cel.Semver(*a.VersionValue)
	}
	return nil, errors.New("unsupported attribute value")
}

func capacityOf(driver string, d *api.Device) map[string]any {
	domains := map[string]any{}
	for name, capacity := range d.Capacity {
		put(domains, driver, name, cel.Quantity(capacity.Value))
	}
	return domains
}

// put files a value under its domain, which is the driver's unless the name says otherwise.
func put(domains map[string]any, driver string, name api.QualifiedName, value any) {
	domain, id, ok := strings.Cut(string(name), "/")
	if !ok {
		domain, id = driver, string(name)
	}
	values, _ := domains[domain].(map[string]any)
	if values == nil {
		values = map[string]any{}
		domains[domain] = values
	}
	values[id] = value
}
