package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// eventsOptions are the flags of events.
type eventsOptions struct {
	printFlags
	allNamespaces, watch, noHeaders bool
	about                           string
	types                           []string
}

func newEvents(s *session) *cobra.Command {
	var o eventsOptions
	cmd := &cobra.Command{
		Use: "events [-o FORMAT] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]", Short: "List events",
		Example: "  kubectl-lite events --for pod/web-1 --watch",
		RunE:    func(cmd *cobra.Command, args []string) error { return s.events(cmd.Context(), &o) },
	}
	o.add(cmd)
	s.addChunkSize(cmd)
	f := cmd.Flags()
	f.BoolVarP(&o.watch, "watch", "w", false, "After listing the requested events, watch for more events.")
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces.")
	f.StringVar(&o.about, "for", "", "Filter events to only those pertaining to the specified resource.")
	f.StringSliceVar(&o.types, "types", nil, "Output only events of given types.")
	f.BoolVar(&o.noHeaders, "no-headers", false, "When using the default output format, don't print headers.")
	return cmd
}

func (s *session) events(ctx context.Context, o *eventsOptions) error {
	for _, t := range o.types {
		if !strings.EqualFold(t, "Normal") && !strings.EqualFold(t, "Warning") {
			return errors.New("valid --types are Normal or Warning")
		}
	}
	p, err := o.printer(s.nameOf(ctx), changeFormats)
	if err != nil {
		return err
	}
	if _, err := s.connect(); err != nil {
		return err
	}
	opts := client.ListOptions{}
	if o.about != "" {
		word, name, ok := strings.Cut(o.about, "/")
		if !ok {
			return errors.New("--for must be in resource/name form")
		}
		r, err := s.resource(ctx, word)
		if err != nil {
			return err
		}
		opts.FieldSelector = fmt.Sprintf("involvedObject.kind=%s,involvedObject.apiVersion=%s,involvedObject.name=%s", r.Kind, r.APIVersion(), name)
	}
	namespace := s.namespace()
	if o.allNamespaces {
		namespace = ""
	}
	r := builtIn(api.KindOf[*api.Event]())
	show := s.eventPrinter(o, p)
	if o.watch {
		for {
			err := s.watch(ctx, r.Path(namespace, ""), client.JSON, &opts, func(event client.EventType, body []byte) error {
				one, err := parseObject(body)
				if err != nil || event == client.Deleted {
					return err
				}
				return show([]object{one})
			})
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	items, err := s.listObjects(ctx, r, namespace, opts)
	if err != nil {
		return err
	}
	if items = slices.DeleteFunc(items, o.leftOut); len(items) == 0 {
		if o.allNamespaces {
			fmt.Fprintln(s.Err, "No events found.")
		} else {
			fmt.Fprintf(s.Err, "No events found in %s namespace.\n", namespace)
		}
		return nil
	}
	seen := map[string]time.Time{}
	for _, item := range items {
		item["kind"], item["apiVersion"] = "Event", "v1"
		if e, err := typed[*api.Event](item); err == nil {
			seen[item.text("metadata", "uid")] = lastSeen(e).Time
		}
	}
	slices.SortStableFunc(items, func(a, b object) int {
		return seen[a.text("metadata", "uid")].Compare(seen[b.text("metadata", "uid")])
	})
	if p != nil {
		list := listOf(items)
		list["kind"], list["metadata"] = "EventList", map[string]any{}
		return p.print(s.Out, list)
	}
	return show(items)
}

func (o *eventsOptions) leftOut(e object) bool {
	return len(o.types) > 0 && !slices.ContainsFunc(o.types, func(t string) bool { return strings.EqualFold(t, e.text("type")) })
}

// eventPrinter prints events as rows of one table, or as -o asks.
func (s *session) eventPrinter(o *eventsOptions, p *printer) func(items []object) error {
	table := &columns{out: s.Out}
	headed := o.noHeaders
	return func(items []object) error {
		var rows [][]string
		if !headed {
			headed = true
			row := []string{"LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"}
			if o.allNamespaces {
				row = append([]string{"NAMESPACE"}, row...)
			}
			rows = append(rows, row)
		}
		for _, item := range items {
			if o.leftOut(item) {
				continue
			}
			if p != nil {
				if err := p.printNext(s.Out, item); err != nil {
					return err
				}
				continue
			}
			e, err := typed[*api.Event](item)
			if err != nil {
				return err
			}
			row := []string{eventAge(e), e.Type, e.Reason, e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name, strings.TrimSpace(e.Message)}
			if o.allNamespaces {
				row = append([]string{e.Namespace}, row...)
			}
			rows = append(rows, row)
		}
		if p == nil {
			table.write(rows)
		}
		return nil
	}
}
