package audit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrongPolicies(t *testing.T) {
	for text, want := range map[string]string{
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy"}`:                                                                          "loaded illegal policy with 0 rules",
		`{"apiVersion":"audit.k8s.io/v1beta1","kind":"Policy"}`:                                                                     `want kind Policy of audit.k8s.io/v1, not "Policy" of "audit.k8s.io/v1beta1"`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rule":[]}`:                                                                `unknown field "rule"`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{}]}`:                                                             `rules[0].level: Required value`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"All"}]}`:                                                `rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"None","omitStages":["End"]}]}`:                          `rules[0].omitStages[0]: Invalid value: "End": allowed stages are`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"None","nonResourceURLs":["/a*b"],"namespaces":["x"]}]}`: "must be the final character of the rule",
	} {
		_, err := ParsePolicy([]byte(text))
		require.ErrorContains(t, err, want)
	}
}
