// Package device is the language in which claims and classes choose devices (resource.k8s.io): expressions of package cel
// over one variable, device. The API server compiles them to see whether they are good, the scheduler asks each device.
//
//	Compile(`device.attributes["gpu.example.com"].memory...`)   a Selector, or what is wrong with the text
//	selector.Matches(ctx, "gpu.example.com", &device)           whether the device is one that is wanted
//
// Real Kubernetes: k8s.io/dynamic-resource-allocation/cel/compile.go.
package device
