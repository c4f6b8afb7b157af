package kubectllite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// getOptions are the flags of get.
type getOptions struct {
	printFlags
	files         fileFlags
	selector      string
	fieldSelector string
	sortBy        string
	allNamespaces bool
	watch         bool
	watchOnly     bool
	watchEvents   bool
	noHeaders     bool
	showLabels    bool
	labelColumns  []string
	showKind      bool
	ignoreMissing bool
	at            string
	subresource   string
}

func newGet(s *session) *cobra.Command {
	var o getOptions
	var raw string
	cmd := &cobra.Command{
		Use:               "get TYPE[,TYPE...] [NAME...] | TYPE/NAME ...",
		Short:             "Display one or many resources",
		ValidArgsFunction: s.completeObjects(),
		Example: `  kubectl-lite get pods -o wide
  kubectl-lite get deploy,rs,pods -l app=web
  kubectl-lite get pod/web-1 -o yaml
  kubectl-lite get pods -w
  # As it was five minutes ago, and as it was at a revision
  kubectl-lite get pods --at 5m
  kubectl-lite get deployment/web --at 812 -o yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw != "" && o.at != "" {
				return errors.New("--raw and --at are mutually exclusive")
			}
			if raw != "" {
				return s.getRaw(cmd.Context(), raw)
			}
			if len(args) == 0 && !o.files.given() {
				fmt.Fprintf(s.Err, "You must specify the type of resource to get. Use \"kubectl-lite api-resources\" for a complete list of supported resources.\n\n")
				return errors.New("Required resource not specified.\nUse \"kubectl-lite explain <resource>\" for a detailed description of that resource (e.g. kubectl-lite explain pods).\nSee 'kubectl-lite get -h' for help and examples")
			}
			return s.get(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	o.files.add(cmd, "identify the resources to get from a server.")
	f.StringVar(&raw, "raw", "", "Raw URI to request from the server")
	f.StringVarP(&o.output, "output", "o", "", "Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide).")
	completeFormats(cmd, getFormats)
	o.addTemplate(cmd)
	f.StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'")
	f.StringVar(&o.fieldSelector, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='")
	f.StringVar(&o.sortBy, "sort-by", "", "Sort lists by this field: a JSONPath such as '{.metadata.name}'")
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "List the requested objects across all namespaces")
	f.BoolVarP(&o.watch, "watch", "w", false, "After listing the objects, watch for changes")
	f.BoolVar(&o.watchOnly, "watch-only", false, "Watch for changes without listing first")
	f.BoolVar(&o.watchEvents, "output-watch-events", false, "Show what kind of event each row of a watch is")
	f.BoolVar(&o.noHeaders, "no-headers", false, "Don't print headers")
	f.BoolVar(&o.showLabels, "show-labels", false, "Show all labels as the last column")
	f.StringSliceVarP(&o.labelColumns, "label-columns", "L", nil, "Labels that are presented as columns")
	f.BoolVar(&o.showKind, "show-kind", false, "List the resource type for the requested objects")
	f.StringVar(&o.at, "at", "", atUsage)
	f.StringVar(&o.subresource, "subresource", "", "If specified, gets the subresource of the requested object.")
	s.addChunkSize(cmd)
	f.BoolVar(&o.ignoreMissing, "ignore-not-found", false, "Treat \"resource not found\" as a successful retrieval")
	return cmd
}

func (s *session) get(ctx context.Context, o *getOptions, args []string) error {
	if o.at != "" && (o.watch || o.watchOnly) {
		return errors.New("--at cannot be used with --watch or --watch-only: the past does not change")
	}
	ctx, err := s.rewind(ctx, o.at)
	if err != nil {
		return err
	}
	targets, err := s.getTargets(ctx, o, args)
	if err != nil {
		return err
	}
	p, err := o.printFlags.printer(s.nameOf(ctx), getFormats)
	if err != nil {
		return err
	}
	if p != nil && p.custom != nil {
		p.custom.bare = o.noHeaders
	}
	if o.watch || o.watchOnly {
		return s.getAndWatch(ctx, o, targets, p)
	}
	if p != nil {
		return s.getObjects(ctx, o, targets, p)
	}
	return s.getTables(ctx, o, targets)
}

// getRaw prints what the server answers to a path, as it is.
func (s *session) getRaw(ctx context.Context, path string) error {
	u, err := url.Parse(path)
	if err != nil {
		return err
	}
	stream, err := s.stream(ctx, client.Request{Path: u.Path, Query: u.Query(), Accept: "*/*"})
	if err != nil {
		return err
	}
	defer stream.Close()
	_, err = io.Copy(s.Out, stream)
	return err
}

// getTargets are the arguments', or those of the files.
func (s *session) getTargets(ctx context.Context, o *getOptions, args []string) ([]target, error) {
	if !o.files.given() {
		targets, err := s.targets(ctx, args)
		for _, t := range targets {
			if o.subresource != "" && len(t.names) == 0 {
				return nil, errors.New("subresource cannot be used when bulk resources are specified")
			}
			if len(t.names) > 0 && o.allNamespaces {
				return nil, errors.New("a resource cannot be retrieved by name across all namespaces")
			}
			if len(t.names) > 0 && (o.selector != "" || o.fieldSelector != "") {
				return nil, errors.New("name cannot be provided when a selector is specified")
			}
		}
		return targets, err
	}
	manifests, err := s.manifests(ctx, o.files)
	var targets []target
	for _, m := range manifests {
		targets = append(targets, target{m.resource, []string{m.object.name()}})
	}
	return targets, err
}

// nameOf makes what -o name prints.
func (s *session) nameOf(ctx context.Context) func(object) string {
	return func(o object) string {
		if r, err := s.resourceOfObject(ctx, o); err == nil {
			return displayName(r, o.name())
		}
		return strings.ToLower(o.kind()) + "/" + o.name()
	}
}

func (s *session) getScope(o *getOptions, r *client.APIResource) string {
	if o.allNamespaces {
		return ""
	}
	return s.scope(r)
}

func (o *getOptions) listOptions() client.ListOptions {
	return client.ListOptions{LabelSelector: o.selector, FieldSelector: o.fieldSelector}
}

// getObjects prints whole objects: one as it is, several as a List.
func (s *session) getObjects(ctx context.Context, o *getOptions, targets []target, p *printer) error {
	var all []object
	var errs []error
	single := len(targets) == 1 && len(targets[0].names) == 1
	for _, t := range targets {
		if len(t.names) == 0 {
			items, err := s.listObjects(ctx, t.resource, s.getScope(o, t.resource), o.listOptions())
			if err != nil {
				errs = append(errs, err)
			}
			for _, item := range items { // what a typed list leaves out
				item["kind"], item["apiVersion"] = t.resource.Kind, t.resource.APIVersion()
			}
			all = append(all, items...)
		}
		for _, name := range t.names {
			item, err := s.getSubresource(ctx, t.resource, s.scope(t.resource), name, o.subresource)
			switch {
			case err == nil:
				all = append(all, item)
			case !o.ignoreMissing || !api.IsNotFound(err):
				errs = append(errs, err)
			}
		}
	}
	if err := sortObjects(all, o.sortBy); err != nil {
		return err
	}
	switch {
	case single && len(all) == 1:
		errs = append(errs, p.print(s.Out, all[0]))
	case single || len(all) == 0 && len(errs) > 0:
	default:
		errs = append(errs, p.print(s.Out, listOf(all)))
	}
	return errors.Join(errs...)
}

func sortObjects(items []object, by string) error {
	if by == "" {
		return nil
	}
	path, err := api.ParseJSONPath(by)
	if err != nil {
		return err
	}
	first := func(o object) any {
		values, _ := path.Values(map[string]any(o))
		if len(values) == 0 {
			return nil
		}
		return values[0]
	}
	slices.SortStableFunc(items, func(a, b object) int {
		x, y := first(a), first(b)
		if x == nil || y == nil { // what has no such field comes first
			return cmp.Compare(boolNumber(x != nil), boolNumber(y != nil))
		}
		order, _ := api.CompareValues(x, y)
		return order
	})
	return nil
}

func boolNumber(b bool) int {
	if b {
		return 1
	}
	return 0
}

// getTables prints the tables that the server lays out, one for each kind.
func (s *session) getTables(ctx context.Context, o *getOptions, targets []target) error {
	var errs []error
	found := make([][]*api.Table, len(targets))
	kinds := map[*client.APIResource]bool{}
	for i, t := range targets {
		tables, tableErrs := s.fetchTables(ctx, o, t)
		found[i], errs = tables, append(errs, tableErrs...)
		if len(tables) > 0 {
			kinds[t.resource] = true
		}
	}
	printed := 0
	var p *tablePrinter
	var last *client.APIResource
	for i, t := range targets {
		for _, table := range found[i] {
			if len(table.Rows) == 0 {
				continue
			}
			if last != t.resource {
				if printed > 0 {
					fmt.Fprintln(s.Out)
				}
				p, last = s.newTablePrinter(o, t.resource, len(kinds) > 1), t.resource
			}
			p.print(table, "")
			printed += len(table.Rows)
		}
	}
	if printed == 0 && len(errs) == 0 && !o.ignoreMissing {
		s.nothingFound(o, targets)
	}
	return errors.Join(errs...)
}

func (s *session) nothingFound(o *getOptions, targets []target) {
	if o.allNamespaces || !targets[0].resource.Namespaced {
		fmt.Fprintln(s.Err, "No resources found")
		return
	}
	fmt.Fprintf(s.Err, "No resources found in %s namespace.\n", s.namespace())
}

func (s *session) newTablePrinter(o *getOptions, r *client.APIResource, several bool) *tablePrinter {
	p := &tablePrinter{columns: columns{out: s.Out}, opts: tableOptions{
		wide: o.output == "wide", noHeaders: o.noHeaders, showLabels: o.showLabels, labelColumns: o.labelColumns,
		withNamespace: o.allNamespaces && r.Namespaced, showEvents: o.watchEvents,
	}}
	if several || o.showKind {
		p.opts.namePrefix = displayName(r, "")
	}
	return p
}

func (s *session) fetchTables(ctx context.Context, o *getOptions, t target) (tables []*api.Table, errs []error) {
	fetch := func(req client.Request) *api.Table {
		req.Accept = client.Table
		resp, err := s.do(ctx, req)
		if err != nil {
			if !o.ignoreMissing || !api.IsNotFound(err) {
				if req.Query != nil {
					err = listError(err, t.resource, o.listOptions())
				}
				errs = append(errs, err)
			}
			return nil
		}
		table := new(api.Table)
		if err := api.UnmarshalJSON(resp.Body, table); err != nil {
			errs = append(errs, err)
			return nil
		}
		return table
	}
	for _, name := range t.names {
		if table := fetch(client.Request{Path: subresourcePath(t.resource.Path(s.scope(t.resource), name), o.subresource)}); table != nil {
			tables = append(tables, table)
		}
	}
	if len(t.names) > 0 {
		return tables, errs
	}
	opts := o.listOptions()
	opts.Limit = s.chunk
	for {
		query := opts.Query()
		if o.sortBy != "" {
			query.Set("includeObject", "Object")
		}
		table := fetch(client.Request{Path: t.resource.Path(s.getScope(o, t.resource), ""), Query: query})
		if table == nil {
			return tables, errs
		}
		tables = append(tables, table)
		if opts.Continue = table.Continue; opts.Continue == "" {
			break
		}
	}
	if o.sortBy != "" {
		if err := sortTables(tables, o.sortBy); err != nil {
			return nil, append(errs, err)
		}
	}
	return tables, errs
}

// sortTables puts all pages' rows in order, into the first.
func sortTables(tables []*api.Table, by string) error {
	var rows []api.TableRow
	for _, t := range tables {
		rows = append(rows, t.Rows...)
		t.Rows = nil
	}
	objects := make([]object, len(rows))
	for i := range rows {
		o, err := parseObject(rows[i].Object.Raw)
		if err != nil {
			return err
		}
		o["row"] = int64(i) // to find it again; no kind has such a field
		objects[i] = o
	}
	if err := sortObjects(objects, by); err != nil {
		return err
	}
	for _, o := range objects {
		tables[0].Rows = append(tables[0].Rows, rows[o["row"].(int64)])
	}
	return nil
}
