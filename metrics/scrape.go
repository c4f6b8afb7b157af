package metrics

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// scrape reads what one kubelet measures, through the API server.
func scrape(ctx context.Context, c *client.Client, node string) (readings, error) {
	answer, err := c.Do(ctx, client.Request{Path: "/api/v1/nodes/" + node + "/proxy/metrics/resource", Accept: "*/*"})
	if err != nil {
		return readings{}, err
	}
	return parse(answer.Body)
}

// parse reads the few series that matter out of a page in Prometheus' text format.
func parse(page []byte) (readings, error) {
	r := readings{containers: map[containerKey]sample{}}
	for line := range bytes.Lines(page) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		name, labels, value, at, err := parseSeries(text)
		if err != nil {
			return r, err
		}
		key := containerKey{api.Key{Namespace: labels["namespace"], Name: labels["pod"]}, labels["container"]}
		s := r.containers[key]
		switch name {
		case "container_cpu_usage_seconds_total":
			s.cpu, s.at = value, at
		case "container_memory_working_set_bytes":
			s.memory = int64(value)
		case "container_start_time_seconds":
			s.started = time.UnixMilli(int64(value * 1000))
		case "node_cpu_usage_seconds_total":
			r.node.cpu, r.node.at = value, at
			continue
		case "node_memory_working_set_bytes":
			r.node.memory = int64(value)
			continue
		default:
			continue
		}
		r.containers[key] = s
	}
	return r, nil
}

// parseSeries reads one line: name{label="value",...} number time-in-milliseconds. The names of pods and containers have
// nothing in them that would have to be escaped.
func parseSeries(line string) (name string, labels map[string]string, value float64, at time.Time, err error) {
	bad := func() (string, map[string]string, float64, time.Time, error) {
		return "", nil, 0, time.Time{}, fmt.Errorf("a kubelet's metrics have a line that makes no sense: %q", line)
	}
	labels = map[string]string{}
	name, rest, ok := strings.Cut(line, " ")
	if open := strings.IndexByte(line, '{'); open >= 0 && open < len(name) {
		end := strings.IndexByte(line, '}')
		if end < open {
			return bad()
		}
		name = line[:open]
		for pair := range strings.SplitSeq(line[open+1:end], ",") {
			key, quoted, _ := strings.Cut(pair, "=")
			if labels[key], err = strconv.Unquote(quoted); err != nil {
				return bad()
			}
		}
		rest, ok = strings.TrimSpace(line[end+1:]), true
	}
	number, stamp, _ := strings.Cut(rest, " ")
	value, err = strconv.ParseFloat(number, 64)
	if err != nil || !ok {
		return bad()
	}
	at = time.Now()
	if stamp != "" {
		ms, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return bad()
		}
		at = time.UnixMilli(ms)
	}
	return name, labels, value, at, nil
}
