package kubectllite

import (
	"context"
	"errors"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

// getAndWatch prints what there is, then every change, until the command is interrupted.
func (s *session) getAndWatch(ctx context.Context, o *getOptions, targets []target, p *printer) error {
	if len(targets) != 1 || len(targets[0].names) > 1 {
		return errors.New("you may only specify a single resource type")
	}
	if s.flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.flags.timeout)
		defer cancel()
	}
	r := targets[0].resource
	opts := o.listOptions()
	if names := targets[0].names; len(names) == 1 {
		// A name that does not exist is an error at once, not a watch that stays silent.
		if _, err := s.getObject(ctx, r, s.scope(r), names[0]); err != nil {
			return err
		}
		opts.FieldSelector = "metadata.name=" + names[0]
	}
	show := s.watchPrinter(o, r, p)
	path := r.Path(s.getScope(o, r), "")
	accept := client.JSON
	if p == nil {
		accept = client.Table
	}
	resp, err := s.do(ctx, client.Request{Path: path, Query: opts.Query(), Accept: accept})
	if err != nil {
		return err
	}
	var list struct {
		api.ListMeta `json:"metadata"`
	}
	if err := api.UnmarshalJSON(resp.Body, &list); err != nil {
		return err
	}
	if !o.watchOnly {
		if err := show(client.Added, resp.Body); err != nil {
			return err
		}
	}
	opts.ResourceVersion = list.ResourceVersion
	for {
		err := s.watch(ctx, path, accept, &opts, show)
		if ctx.Err() != nil {
			return nil // interrupted: that is how a watch ends
		}
		if err != nil {
			return err
		}
	}
}

// watch hands every event to show until the server ends the watch. It leaves in opts where to go on.
func (s *session) watch(ctx context.Context, path, accept string, opts *client.ListOptions, show func(client.EventType, []byte) error) error {
	query := opts.Query()
	query.Set("watch", "true")
	query.Set("allowWatchBookmarks", "true")
	stream, err := s.stream(ctx, client.Request{Path: path, Query: query, Accept: accept})
	if err != nil {
		return err
	}
	defer stream.Close()
	return client.EachEvent("", stream, func(event client.EventType, body []byte) error {
		if version := versionOf(body); version != "" {
			opts.ResourceVersion = version
		}
		if event == client.Bookmark {
			return nil
		}
		return show(event, body)
	})
}

// versionOf finds the resource version of an object, or of the one row of a Table.
func versionOf(body []byte) string {
	var o struct {
		api.ObjectMeta `json:"metadata"`
		Rows           []api.TableRow `json:"rows"`
	}
	if api.UnmarshalJSON(body, &o) != nil {
		return ""
	}
	if len(o.Rows) == 1 {
		return versionOf(o.Rows[0].Object.Raw)
	}
	return o.ResourceVersion
}

// watchPrinter shows lists and events alike: rows of one table, or objects.
func (s *session) watchPrinter(o *getOptions, r *client.APIResource, p *printer) func(client.EventType, []byte) error {
	if p == nil {
		tables := s.newTablePrinter(o, r, false)
		return func(event client.EventType, body []byte) error {
			var table api.Table
			if err := api.UnmarshalJSON(body, &table); err != nil {
				return err
			}
			tables.print(&table, string(event))
			return nil
		}
	}
	return func(event client.EventType, body []byte) error {
		one, err := parseObject(body)
		if err != nil {
			return err
		}
		items, isList := one.items()
		if !isList {
			items = []object{one}
		}
		for i, item := range items {
			if p.format == "yaml" && i > 0 {
				fmt.Fprintln(s.Out, "---")
			}
			if err := p.print(s.Out, item); err != nil {
				return err
			}
		}
		return nil
	}
}
