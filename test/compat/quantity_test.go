package compat

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"kubelite/api"
)

// quantityTexts makes well-formed and malformed quantities of every shape.
func quantityTexts() []string {
	texts := []string{"", "0", "-0", "+0", ".", "+", "1.", ".5", "-.5", "1..2", "1e", "1E", "1e3x", "0x10", "1 Gi", "Mi", "--1", "1e-", "12e-3", "1e+3",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "9223372036854775807Ki", "99999999999999999999999", "0.0000000001", "-0.0000000001", "1.0000000001", "123456789.123456789123",
		"0.1Ki", "0.5Ki", "1.5Gi", "0.0001Mi", "-1.5Gi"}
	suffixes := []string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-3", "e0", "e2", "K", "mi"}
	random := rand.New(rand.NewPCG(1, 2))
	for _, suffix := range suffixes {
		for _, number := range []string{"0", "1", "1.5", "1000", "1024", "1023", "1536", "0.001", "-3", "007", "1.500", "100", "10"} {
			texts = append(texts, number+suffix)
		}
		for range 60 {
			n := random.Int64N(1 << random.Int64N(62))
			texts = append(texts, fmt.Sprintf("%d%s", n, suffix), fmt.Sprintf("%d.%d%s", n%1000, random.IntN(100000), suffix))
		}
	}
	return texts
}

func TestQuantityParsesLikeUpstream(t *testing.T) {
	for _, text := range quantityTexts() {
		ours, ourErr := api.ParseQuantity(text)
		theirs, theirErr := resource.ParseQuantity(text)
		if theirErr != nil {
			require.EqualError(t, ourErr, theirErr.Error(), text)
			continue
		}
		require.NoError(t, ourErr, text)
		if theirs.AsApproximateFloat64() > 1e20 {
			continue // upstream has no suffix beyond and prints the digits alone
		}
		require.Equal(t, theirs.String(), ours.String(), text)
		require.Equal(t, theirs.Sign(), ours.Sign(), text)
		if f := theirs.AsApproximateFloat64(); f >= 0 && f < 9e15 { // beyond, upstream overflows; below zero it may round the wrong way
			require.Equal(t, theirs.Value(), ours.Value(), text)
			require.Equal(t, theirs.MilliValue(), ours.MilliValue(), text)
		}
		ourJSON, err := api.MarshalJSON(ours)
		require.NoError(t, err)
		theirJSON, err := json.Marshal(theirs)
		require.NoError(t, err)
		require.Equal(t, string(theirJSON), string(ourJSON), text)
	}
}

func TestQuantityCalculatesLikeUpstream(t *testing.T) {
	texts := quantityTexts()
	random := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		a, b := texts[random.IntN(len(texts))], texts[random.IntN(len(texts))]
		theirA, errA := resource.ParseQuantity(a)
		theirB, errB := resource.ParseQuantity(b)
		if errA != nil || errB != nil {
			continue
		}
		ourA, ourB := api.MustParse(a), api.MustParse(b)
		require.Equal(t, theirA.Cmp(theirB), ourA.Cmp(ourB), "%s compared to %s", a, b)
		sum := theirA.DeepCopy()
		sum.Add(theirB)
		difference := theirA.DeepCopy()
		difference.Sub(theirB)
		if f := sum.AsApproximateFloat64(); f < 1e20 && f > -1e20 { // upstream has no suffix beyond
			require.Equal(t, sum.String(), ourA.Add(ourB).String(), "%s plus %s", a, b)
			require.Equal(t, difference.String(), ourA.Sub(ourB).String(), "%s minus %s", a, b)
		}
	}
}
