package controllers

import (
	"kubelite/api"
	"kubelite/client"
)

// How the garbage collector's graph learns of every object. Kinds that a shared cache watches anyway come from there;
// every other kind gets a monitor, which keeps nothing but the graph's node.

// graphFeeder makes a graph follow a shared cache.
type graphFeeder[T api.Object] struct{ *client.Informer[T] }

func (f graphFeeder[T]) feed(g *graph) {
	kind := api.KindOf[T]()
	f.OnChange(func(old, now T, revision int64) {
		var none T
		if any(old) != any(none) && (any(now) == any(none) || now.GetObjectMeta().UID != old.GetObjectMeta().UID) {
			g.remove(old.GetObjectMeta().UID, revision)
		}
		if any(now) != any(none) {
			meta := now.GetObjectMeta()
			g.observe(refOf(kind.APIVersion(), kind.Kind, meta), meta, revision)
		}
	})
}

func refOf(apiVersion, kind string, meta *api.ObjectMeta) objectRef {
	return objectRef{apiVersion: apiVersion, kind: kind, namespace: meta.Namespace, name: meta.Name, uid: meta.UID}
}

// collectable tells whether objects of the resource can be collected. Events own nothing and end by themselves, and
// there are more of them than of everything else.
func collectable(r client.APIResource) bool {
	return canAll(r, "delete", "list", "watch") && r.Plural != "events"
}

// graphFeed makes the graph follow monitors.
type graphFeed struct{ graph *graph }

func (f graphFeed) observe(r client.APIResource, meta *api.ObjectMeta) {
	f.graph.observe(refOf(r.APIVersion(), r.Kind, meta), meta, meta.Revision())
}

func (f graphFeed) remove(_ client.APIResource, uid api.UID, revision int64) {
	f.graph.remove(uid, revision)
}

func (f graphFeed) known(r client.APIResource) map[api.UID]struct{} {
	return f.graph.uidsOf(r.APIVersion(), r.Kind)
}
