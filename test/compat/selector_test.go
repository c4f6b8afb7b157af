package compat

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"kubelite/api"
)

func TestSelectorsLikeUpstream(t *testing.T) {
	words := []string{"a", "b", "x/y", "in", "notin", "(", ")", ",", "=", "==", "!=", "!", ">", "<", " ", "3", "-1", "_", "", "a b", "A"}
	sets := []map[string]string{nil, {"a": "b"}, {"a": "3", "b": ""}, {"x/y": "a", "in": "notin"}, {"A": "5", "b": "b"}}
	random := rand.New(rand.NewPCG(7, 8))
	for _, fixed := range []string{"a=b,c in (d,e),!f,x>3", "a in ()", "a notin (,)", "a in (b,,c)", "!a", "a,b", "a=", "a!=", "a==b", " a = b , c ", "x > 1", "a in (b", "a in b", "a b", "=a", ",a", "a,", "a>b", "a=b=c", "!a=b", "a in (in,notin)"} {
		compareSelectors(t, fixed, sets)
	}
	for range 50000 {
		var b strings.Builder
		for range random.IntN(9) {
			b.WriteString(words[random.IntN(len(words))])
		}
		compareSelectors(t, b.String(), sets)
	}
}

func compareSelectors(t *testing.T, text string, sets []map[string]string) {
	ours, ourErr := api.ParseSelector(text)
	theirs, theirErr := labels.Parse(text)
	if theirErr != nil {
		require.Error(t, ourErr, "%q: %v", text, theirErr)
		return
	}
	require.NoError(t, ourErr, "%q", text)
	require.Equal(t, theirs.String(), ours.String(), "%q", text)
	require.Equal(t, theirs.Empty(), ours.Empty(), "%q", text)
	for _, set := range sets {
		require.Equal(t, theirs.Matches(labels.Set(set)), ours.Matches(set), "%q on %v", text, set)
	}
}

func TestFieldSelectorsLikeUpstream(t *testing.T) {
	for _, text := range []string{"", "a=b", "a==b", "a!=b", "b=1,a=2", "a=", "=", "a=b\\,c", "a=b\\=c\\\\", "a", "a=b=c", "a=\\x", "a=b\\", ",,a=b", "status.phase=Running,metadata.name!=web", "a=b\\,c,d=e"} {
		ours, ourErr := api.ParseFieldSelector(text)
		theirs, theirErr := fields.ParseSelector(text)
		if theirErr != nil {
			require.EqualError(t, ourErr, theirErr.Error(), text)
			continue
		}
		require.NoError(t, ourErr, text)
		require.Equal(t, theirs.String(), api.FormatFieldSelector(ours), text)
	}
}
