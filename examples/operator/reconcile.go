package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// reconciler brings what is there and what a Database says together. It keeps nothing in memory: after a restart it goes on
// where it was, because all that it knows is in the cluster.
type reconciler struct {
	client.Client
	events events.EventRecorder
	image  string // the image of the database, without the tag: that is the version
}

// watch says whose changes call Reconcile: those of a Database, and those of what a Database owns. The argument is always the
// Database's name and never the change, so that a missed or doubled event does no harm.
func (r *reconciler) watch(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&Database{}).
		Owns(&appsv1.StatefulSet{}).
		Owns(&corev1.Service{}).
		Owns(&corev1.PersistentVolumeClaim{}).
		Owns(&corev1.Secret{}).
		Complete(r)
}

// Reconcile makes one Database so. An error has it called again, later each time.
func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	db := &Database{}
	if err := r.Get(ctx, req.NamespacedName, db); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err) // it is gone
	}
	if !db.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // it goes, and the garbage collector deletes what it owns: nothing is left to do
	}
	set, err := r.makeParts(ctx, db)
	return ctrl.Result{}, errors.Join(err, r.report(ctx, db, set, err))
}

// makeParts makes the parts that are not there and changes those that are not as they should be. It returns the StatefulSet
// as the server has it now.
func (r *reconciler) makeParts(ctx context.Context, db *Database) (*appsapply.StatefulSetApplyConfiguration, error) {
	if err := r.makeSecret(ctx, db); err != nil {
		return nil, fmt.Errorf("secret %s: %w", secretName(db), err)
	}
	set := statefulSet(db, r.image)
	for _, part := range []struct {
		kind    string
		desired runtime.ApplyConfiguration
	}{
		{"persistent volume claim", claim(db)},
		{"service", service(db)},
		{"stateful set", set},
	} {
		// Server-side apply: we say how our fields should be, and the server finds out whether that changes anything. Force takes
		// back what others have changed of them; fields that we say nothing of are theirs.
		if err := r.Apply(ctx, part.desired, client.FieldOwner(manager), client.ForceOwnership); err != nil {
			return nil, fmt.Errorf("%s: %w", part.kind, err)
		}
	}
	return set, nil // Apply has filled in the answer
}

// makeSecret makes up the password, once. It is not applied like the other parts: a second password would lock everybody out,
// for the database has the first one on its disk.
func (r *reconciler) makeSecret(ctx context.Context, db *Database) error {
	err := r.Get(ctx, client.ObjectKey{Namespace: db.Namespace, Name: secretName(db)}, &corev1.Secret{})
	if client.IgnoreNotFound(err) != nil || err == nil {
		return err
	}
	desired := secret(db, rand.Text())
	if err := controllerutil.SetControllerReference(db, desired, r.Scheme()); err != nil {
		return err
	}
	return r.Create(ctx, desired) // if our cache is behind and it exists, this fails, and the next attempt finds it
}

// report writes the status, if it has changed: what clients need to know, and how far we are.
func (r *reconciler) report(ctx context.Context, db *Database, set *appsapply.StatefulSetApplyConfiguration, failed error) error {
	before := db.copy()
	ready := readiness(db, set, failed)
	changed := meta.SetStatusCondition(&db.Status.Conditions, ready)
	db.Status.ObservedGeneration = db.Generation
	db.Status.Address = address(db)
	db.Status.SecretName = secretName(db)
	if set != nil && set.Status != nil && set.Status.Replicas != nil {
		db.Status.Replicas = *set.Status.Replicas
	}
	if ready.Status == metav1.ConditionTrue {
		db.Status.Version = db.Spec.Version
	}
	if equality.Semantic.DeepEqual(before.Status, db.Status) {
		return nil // a write would call us again
	}
	if err := r.Status().Patch(ctx, db, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if changed {
		kind := corev1.EventTypeNormal
		if failed != nil {
			kind = corev1.EventTypeWarning
		}
		r.events.Eventf(db, nil, kind, ready.Reason, "Reconcile", "%s", ready.Message)
		log.FromContext(ctx).Info("The database has changed", "ready", ready.Status, "reason", ready.Reason, "version", db.Spec.Version)
	}
	return nil
}

// readiness is the condition Ready, from what the server last said of the StatefulSet.
func readiness(db *Database, set *appsapply.StatefulSetApplyConfiguration, failed error) metav1.Condition {
	ready := metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, ObservedGeneration: db.Generation}
	switch {
	case failed != nil:
		ready.Reason, ready.Message = "Failed", failed.Error()
	case !upToDate(set, db.Spec.Replicas):
		ready.Reason, ready.Message = "Progressing", fmt.Sprintf("version %s is on its way", db.Spec.Version)
		if db.Spec.Replicas == 0 {
			ready.Message = "it is being stopped"
		}
	case db.Spec.Replicas == 0:
		ready.Reason, ready.Message = "Stopped", "it was scaled to 0, its data are kept"
	default:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionTrue, "Running", fmt.Sprintf("version %s takes connections", db.Spec.Version)
	}
	return ready
}

// upToDate tells whether a StatefulSet has as many pods as are wanted, all of the newest template and ready.
func upToDate(set *appsapply.StatefulSetApplyConfiguration, replicas int32) bool {
	status := set.Status
	if status == nil || status.ObservedGeneration == nil || *status.ObservedGeneration < *set.Generation {
		return false // its controller has not looked yet
	}
	is := func(n *int32) bool { return n == nil && replicas == 0 || n != nil && *n == replicas }
	return is(status.Replicas) && is(status.ReadyReplicas) && (replicas == 0 || is(status.UpdatedReplicas))
}
