package kubectllite

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"kubelite/api"
)

// schedulingResults are the scheduler's results for each node, found in the details of its decision.
type schedulingResults struct {
	Plugins []string `json:"plugins"` // that scored
	Results []struct {
		Node    string   `json:"node"`
		Score   int64    `json:"score"`
		Scores  []int64  `json:"scores"` // of each plugin, times its weight
		Filter  string   `json:"filter"`
		Reasons []string `json:"reasons"`
	} `json:"results"`
	More int `json:"more"`
}

// nodeResults are a table of the nodes that fit, with what each plugin gave them, and a line for each that does not.
func nodeResults(r *api.LedgerRecord) []string {
	var d schedulingResults
	if len(r.Details.Raw) == 0 || api.UnmarshalJSON(r.Details.Raw, &d) != nil {
		return nil
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	if len(d.Plugins) > 0 {
		fmt.Fprintln(table, strings.Join(append([]string{"NODE", "SCORE"}, d.Plugins...), "\t"))
	}
	for _, result := range d.Results {
		if len(result.Reasons) > 0 {
			continue
		}
		row := []string{result.Node, strconv.FormatInt(result.Score, 10)}
		for _, score := range result.Scores {
			row = append(row, strconv.FormatInt(score, 10))
		}
		if len(d.Plugins) == 0 {
			row = []string{"node " + result.Node + ": fits"}
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	table.Flush()
	for _, result := range d.Results {
		if len(result.Reasons) > 0 {
			fmt.Fprintf(&text, "node %s: %s (%s)\n", result.Node, strings.Join(result.Reasons, ", "), result.Filter)
		}
	}
	if d.More > 0 {
		fmt.Fprintf(&text, "and %d more nodes\n", d.More)
	}
	if text.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
}
