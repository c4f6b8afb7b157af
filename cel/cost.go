package cel

import (
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// costs says what the functions of our libraries cost: as they run, and at most, by what is known of their arguments.
// The numbers are upstream's to the last digit: estimates decide which rules a custom resource definition may have.
type costs struct {
	// variables bound the sizes in estimates. Nil as expressions run.
	variables map[string]*Type
}

// rule is the cost of one function.
type rule struct {
	actual   func(overload string, args []ref.Val, result ref.Val) uint64
	estimate func(c costs, overload string, call call) checker.CallEstimate
}

// call is a call that is not made yet. Of a method, the target is in front of the arguments.
type call struct {
	method bool
	args   []checker.AstNode
}

func (c costs) CallCost(function, overload string, args []ref.Val, result ref.Val) *uint64 {
	if function == "_==_" && len(args) == 2 {
		if _, ok := args[0].(interface{ constantCost() }); ok {
			return new(uint64(1))
		}
		return nil
	}
	if r, ok := rules()[function]; ok && len(args) > 0 {
		return new(r.actual(overload, args, result))
	}
	return nil
}

func (c costs) EstimateCallCost(function, overload string, target *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	if function == "_==_" && len(args) == 2 {
		return equalityEstimate(args[0], args[1])
	}
	if target != nil {
		args = append([]checker.AstNode{*target}, args...)
	}
	if r, ok := rules()[function]; ok && len(args) > 0 && r.estimate != nil {
		if estimate := r.estimate(c, overload, call{target != nil, args}); estimate != (checker.CallEstimate{}) {
			return &estimate
		} // else it is another function of that name
	}
	return nil
}

// EstimateSize finds the declared type of a part of a variable, by its path: self, spec, names, @items.
func (c costs) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	path := element.Path()
	if len(path) == 0 {
		return nil
	}
	t := c.variables[path[0]]
	for _, name := range path[1:] {
		if t == nil {
			return nil
		}
		switch name {
		case "@items", "@values":
			t = t.Items
		case "@keys":
			t = keys
		default:
			t = t.escaped[name]
		}
	}
	if t == nil {
		return nil
	}
	return &checker.SizeEstimate{Max: uint64(t.MaxElements)} // "no limit" becomes the largest number there is
}

// keys is the type of the keys of maps.
var keys = &Type{Kind: String}

func (c costs) size(node checker.AstNode) checker.SizeEstimate {
	if size := node.ComputedSize(); size != nil {
		return *size
	}
	if size := c.EstimateSize(node); size != nil {
		return *size
	}
	return checker.SizeEstimate{Max: math.MaxUint64}
}

const (
	perByte    = common.StringTraversalCostFactor
	perPattern = common.RegexStringLengthCostFactor
)

// rules has all functions of ours that do not cost what cel-go charges for any call.
var rules = sync.OnceValue(func() map[string]rule {
	return merge(
		constantly(1, "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error", "errored",
			"masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast",
			"sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch",
			"getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery", "format.named"),
		constantly(350_000, "check"), // two of them fit into an expression
		reading(1, false, "cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"),
		reading(2, false, "ip.isCanonical"), // parse it, and compare
		reading(1, true, "url", "jsonpatch.escapeKey", "lowerAscii", "upperAscii", "substring", "trim"),
		map[string]rule{
			"isSorted": walking, "sum": walking, "max": walking, "min": walking, "indexOf": walking, "lastIndexOf": walking,
			"fieldSelector": selecting, "labelSelector": selecting,
			"ip":      {actual: ipActual, estimate: ipEstimate},
			"replace": {actual: copying, estimate: replaceEstimate}, "split": {actual: copying, estimate: splitEstimate},
			"join":         {actual: joinActual, estimate: joinEstimate},
			"find":         {actual: matchActual, estimate: matchEstimate},
			"findAll":      {actual: matchActual, estimate: matchEstimate},
			"validate":     {actual: validateActual, estimate: validateEstimate},
			"containsIP":   {actual: containsActual("cidr_contains_ip_string", false), estimate: containsEstimate("cidr_contains_ip_string", false)},
			"containsCIDR": {actual: containsActual("cidr_contains_cidr_string", true), estimate: containsEstimate("cidr_contains_cidr_string", true)},
		},
	)
})

func merge(tables ...map[string]rule) map[string]rule {
	merged := map[string]rule{}
	for _, table := range tables {
		maps.Copy(merged, table)
	}
	return merged
}

func forAll(r rule, functions []string) map[string]rule {
	table := map[string]rule{}
	for _, function := range functions {
		table[function] = r
	}
	return table
}

// constantly is the rule of functions that cost the same whatever they are given.
func constantly(cost uint64, functions ...string) map[string]rule {
	return forAll(rule{
		actual:   func(string, []ref.Val, ref.Val) uint64 { return cost },
		estimate: func(costs, string, call) checker.CallEstimate { return estimateOf(checker.FixedCostEstimate(cost)) },
	}, functions)
}

// reading is the rule of functions that go through their first argument so many times. The result of some is about
// as long.
func reading(times float64, sameSize bool, functions ...string) map[string]rule {
	return forAll(rule{
		actual: func(_ string, args []ref.Val, _ ref.Val) uint64 { return costOf(sizeOf(args[0]), times*perByte) },
		estimate: func(c costs, _ string, call call) checker.CallEstimate {
			size := c.size(call.args[0])
			estimate := estimateOf(size.MultiplyByCostFactor(times * perByte))
			if sameSize {
				estimate.ResultSize = &size
			}
			return estimate
		},
	}, functions)
}

// walking is the rule of functions that look at every item of a list, or at a string.
var walking = rule{
	actual: func(_ string, args []ref.Val, _ ref.Val) uint64 { return walkCost(args[0]) },
	estimate: func(c costs, _ string, call call) checker.CallEstimate {
		if !call.method {
			return checker.CallEstimate{}
		}
		size := c.size(call.args[0])
		item := itemOf(call.args[0])
		if item == nil {
			return estimateOf(size.MultiplyByCostFactor(perByte))
		}
		each := checker.FixedCostEstimate(1)
		if kind := item.Type().Kind(); kind == types.StringKind || kind == types.BytesKind {
			each = each.Add(c.size(item).MultiplyByCostFactor(perByte))
		}
		return estimateOf(size.MultiplyByCost(each))
	},
}

// selecting is the rule of functions that parse a selector: at worst a requirement every two bytes.
var selecting = rule{
	actual: func(_ string, args []ref.Val, _ ref.Val) uint64 {
		if len(args) < 2 {
			return 1
		}
		n := sizeOf(args[1])
		return selectorCost(checker.FixedSizeEstimate(n)).Max
	},
	estimate: func(c costs, _ string, call call) checker.CallEstimate {
		if len(call.args) != 2 {
			return checker.CallEstimate{}
		}
		return estimateOf(selectorCost(c.size(call.args[1])))
	},
}

func selectorCost(length checker.SizeEstimate) checker.CostEstimate {
	requirements := length.MultiplyByCostFactor(0.5).MultiplyByCostFactor(common.ListCreateBaseCost + common.StructCreateBaseCost)
	return checker.FixedCostEstimate(common.ListCreateBaseCost).Add(length.MultiplyByCostFactor(perByte)).Add(requirements)
}

func ipActual(overload string, args []ref.Val, _ ref.Val) uint64 {
	if overload == "cidr_ip" {
		return 1
	}
	return costOf(sizeOf(args[0]), perByte)
}

func ipEstimate(c costs, overload string, call call) checker.CallEstimate {
	if overload == "cidr_ip" {
		return estimateOf(checker.FixedCostEstimate(1))
	}
	return estimateOf(c.size(call.args[0]).MultiplyByCostFactor(perByte))
}

// copying goes through a string and makes another.
func copying(_ string, args []ref.Val, _ ref.Val) uint64 { return costOf(sizeOf(args[0]), 2*perByte) }

func replaceEstimate(c costs, _ string, call call) checker.CallEstimate {
	if !call.method || len(call.args) < 3 {
		return checker.CallEstimate{}
	}
	size, from, to := c.size(call.args[0]), c.size(call.args[1]), c.size(call.args[2])
	// The result is longest when the shortest text is replaced, as often as it fits, by the longest; and the other way
	// round. An empty text fits around every byte.
	longest := replaced(size.Max, from.Min, to.Max, to.Max <= from.Min)
	shortest := replaced(size.Min, from.Max, to.Min, from.Max <= to.Min)
	result := longest.count(to.Max)
	low := shortest.count(to.Min)
	return checker.CallEstimate{
		CostEstimate: size.MultiplyByCostFactor(2 * perByte),
		ResultSize:   &checker.SizeEstimate{Min: low, Max: result},
	}
}

// replacement is how often something is replaced, and how much of the text stays.
type replacement struct{ times, kept uint64 }

func replaced(size, from, _ uint64, pointless bool) replacement {
	switch {
	case from == 0:
		return replacement{plus(size, 1), size}
	case pointless:
		return replacement{0, size}
	}
	return replacement{times: uint64(math.Ceil(float64(size) / float64(from)))}
}

func (r replacement) count(to uint64) uint64 { return plus(times(r.times, to), r.kept) }

func plus(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

func times(a, b uint64) uint64 {
	if b != 0 && a > math.MaxUint64/b {
		return math.MaxUint64
	}
	return a * b
}

// splitEstimate: at worst every byte becomes an item.
func splitEstimate(c costs, _ string, call call) checker.CallEstimate {
	if !call.method {
		return checker.CallEstimate{}
	}
	size := c.size(call.args[0])
	most := size.Max
	if len(call.args) > 2 {
		if limit := call.args[2].Expr().AsLiteral(); limit != nil {
			if n, ok := limit.Value().(int64); ok {
				most = uint64(n)
			}
		}
	}
	return checker.CallEstimate{CostEstimate: size.MultiplyByCostFactor(2 * perByte), ResultSize: &checker.SizeEstimate{Max: most}}
}

func joinActual(_ string, _ []ref.Val, result ref.Val) uint64 {
	return costOf(sizeOf(result), 2*perByte)
}

func joinEstimate(c costs, _ string, call call) checker.CallEstimate {
	if !call.method {
		return checker.CallEstimate{}
	}
	list := c.size(call.args[0])
	var size checker.SizeEstimate
	if item := itemOf(call.args[0]); item != nil {
		size = list.Multiply(c.size(item))
	}
	if len(call.args) > 1 {
		gaps := checker.SizeEstimate{Min: max(list.Min, 1) - 1, Max: max(list.Max, 1) - 1}
		size = size.Add(c.size(call.args[1]).Multiply(gaps))
	}
	return checker.CallEstimate{CostEstimate: size.MultiplyByCostFactor(perByte), ResultSize: &size}
}

// matchActual is what cel-go takes for matches(): the text times the pattern. One byte more, because a pattern can be
// expensive on an empty text.
func matchActual(_ string, args []ref.Val, _ ref.Val) uint64 {
	return costOf(1+sizeOf(args[0]), perByte) * costOf(sizeOf(args[1]), perPattern)
}

func matchEstimate(c costs, _ string, call call) checker.CallEstimate {
	if !call.method || len(call.args) < 2 {
		return checker.CallEstimate{}
	}
	size := c.size(call.args[0])
	text := size.Add(checker.FixedSizeEstimate(1)).MultiplyByCostFactor(perByte)
	pattern := c.size(call.args[1]).MultiplyByCostFactor(perPattern)
	return checker.CallEstimate{CostEstimate: text.Multiply(pattern), ResultSize: &checker.SizeEstimate{Max: size.Max}}
}

func validateActual(_ string, args []ref.Val, _ ref.Val) uint64 {
	f, ok := args[0].Value().(*namedFormat)
	if !ok || len(args) < 2 {
		return 1
	}
	return costOf(1+sizeOf(args[1]), perByte) * costOf(uint64(f.patternSize), perPattern)
}

// longestNamePattern is the regular expression that estimates take for every format.
const longestNamePattern = 128

func validateEstimate(c costs, _ string, call call) checker.CallEstimate {
	if len(call.args) < 2 {
		return checker.CallEstimate{}
	}
	return estimateOf(c.size(call.args[1]).MultiplyByCostFactor(perByte).MultiplyByCostFactor(longestNamePattern * perPattern))
}

// containsActual compares the bytes of a network and of what may be in it; a string has to be parsed first, and a
// network masked.
func containsActual(ofString string, masks bool) func(string, []ref.Val, ref.Val) uint64 {
	return func(overload string, args []ref.Val, _ ref.Val) uint64 {
		network := sizeOf(args[0])
		cost := costOf(2*network, perByte)
		if masks {
			cost += costOf(network, perByte) + 1
		}
		if overload == ofString && len(args) > 1 {
			cost += costOf(sizeOf(args[1]), perByte)
		}
		return cost
	}
}

func containsEstimate(ofString string, masks bool) func(costs, string, call) checker.CallEstimate {
	return func(c costs, overload string, call call) checker.CallEstimate {
		address := checker.SizeEstimate{Min: 4, Max: 16}
		cost := address.Add(address).MultiplyByCostFactor(perByte)
		if masks {
			cost = cost.Add(address.MultiplyByCostFactor(perByte)).Add(checker.FixedCostEstimate(1))
		}
		if overload == ofString && len(call.args) > 1 {
			cost = cost.Add(c.size(call.args[1]).MultiplyByCostFactor(perByte))
		}
		return estimateOf(cost)
	}
}

// equalityEstimate is the cost of comparing values of our types, nil for others.
func equalityEstimate(left, right checker.AstNode) *checker.CallEstimate {
	if !left.Type().IsExactType(right.Type()) {
		return nil
	}
	switch left.Type().TypeName() {
	case ipKind.celType.TypeName(), cidrKind.celType.TypeName(), quantityKind.celType.TypeName(), semverKind.celType.TypeName(),
		authorizerKind.celType.TypeName(), pathCheckKind.celType.TypeName(), groupCheckKind.celType.TypeName(),
		resourceCheckKind.celType.TypeName(), decisionKind.celType.TypeName():
		return &checker.CallEstimate{CostEstimate: checker.FixedCostEstimate(1)}
	case formatKind.celType.TypeName():
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 64}.MultiplyByCostFactor(perByte)}
	case urlKind.celType.TypeName():
		longest := uint64(1)
		if size := right.ComputedSize(); size != nil {
			longest = size.Max
		}
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: longest}.MultiplyByCostFactor(perByte)}
	}
	return nil
}

func estimateOf(cost checker.CostEstimate) checker.CallEstimate {
	return checker.CallEstimate{CostEstimate: cost}
}

func costOf(size uint64, factor float64) uint64 { return uint64(math.Ceil(float64(size) * factor)) }

func sizeOf(v ref.Val) uint64 {
	if sizer, ok := v.(traits.Sizer); ok {
		if size, ok := sizer.Size().(types.Int); ok {
			return uint64(size)
		}
	}
	return 1
}

// walkCost is that of looking at everything in a value.
func walkCost(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(float64(len(v)) * perByte)
	case types.Bytes:
		return uint64(float64(len(v)) * perByte)
	case traits.Lister:
		sum := uint64(0)
		for it := v.Iterator(); it.HasNext() == types.True; {
			sum += walkCost(it.Next())
		}
		return sum
	case traits.Mapper:
		sum := uint64(0)
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			sum += walkCost(key) + walkCost(v.Get(key))
		}
		return sum
	}
	return 1
}

// itemNode stands for the items of a list in estimates.
type itemNode struct {
	path []string
	t    *types.Type
}

// itemOf is nil for what is no list.
func itemOf(list checker.AstNode) checker.AstNode {
	parameters := list.Type().Parameters()
	if len(parameters) == 0 {
		return nil
	}
	item := &itemNode{t: parameters[0]}
	if path := list.Path(); path != nil {
		item.path = append(slices.Clone(path), "@items")
	}
	return item
}

func (n *itemNode) Path() []string                      { return n.path }
func (n *itemNode) Type() *types.Type                   { return n.t }
func (n *itemNode) Expr() ast.Expr                      { return nil }
func (n *itemNode) ComputedSize() *checker.SizeEstimate { return nil }
