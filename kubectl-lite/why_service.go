package kubectllite

import (
	"fmt"
	"io"

	"kubelite/api"
)

// printPacketRules prints the rules that packets for a service meet now: the proxy has put them into the latest of its decisions.
func printPacketRules(out io.Writer, decisions []*api.LedgerRecord) {
	var latest struct {
		Rules []string `json:"rules"`
	}
	for _, r := range decisions {
		var found struct {
			Rules []string `json:"rules"`
		}
		if len(r.Details.Raw) > 0 && api.UnmarshalJSON(r.Details.Raw, &found) == nil && len(found.Rules) > 0 {
			latest = found
		}
	}
	if len(latest.Rules) <= 2 {
		return // a table with nothing in it: packets are refused, as the decision says
	}
	fmt.Fprint(out, `
The way of a packet, and the rules that it meets there:

   from a pod ──────────▶ nat-prerouting ─┐
   from this machine ───▶ nat-output ─────┴▶ services ─▶ the maps service-ports and node-ports ─▶ the chain that they name

`)
	for _, line := range latest.Rules {
		fmt.Fprintln(out, "   "+line)
	}
}
