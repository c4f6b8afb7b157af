package main

import (
	"fmt"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
)

// What a database is made of. Nothing here talks with the cluster: the same Database always gives the same parts.

const (
	manager    = "database-operator" // whose the fields are, and what our parts are labelled with
	managedBy  = "app.kubernetes.io/managed-by"
	user       = "app"
	port       = 5432
	dataFolder = "/var/lib/postgresql/data"
)

// secretName differs from the Database's own name, which says nothing about secrets to who reads a list of them.
func secretName(db *Database) string { return db.Name + "-login" }

// address is where clients connect to: the name that cluster DNS has for the service.
func address(db *Database) string { return fmt.Sprintf("%s.%s.svc:%d", db.Name, db.Namespace, port) }

// selector is what the pods of one database have in common and no others have.
func selector(db *Database) map[string]string {
	return map[string]string{"app.kubernetes.io/name": "database", "app.kubernetes.io/instance": db.Name}
}

func labels(db *Database) map[string]string {
	l := selector(db)
	l[managedBy] = manager
	return l
}

// owner makes a part the Database's: its changes call Reconcile, and it is deleted after the Database.
func owner(db *Database) *metaapply.OwnerReferenceApplyConfiguration {
	return metaapply.OwnerReference().WithAPIVersion(groupVersion.String()).WithKind("Database").
		WithName(db.Name).WithUID(db.UID).WithController(true).WithBlockOwnerDeletion(true)
}

// secret is what a client needs: mount it, or take its keys as variables.
func secret(db *Database, password string) *corev1.Secret {
	uri := url.URL{Scheme: "postgresql", User: url.UserPassword(user, password), Host: address(db), Path: db.Name}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: secretName(db), Namespace: db.Namespace, Labels: labels(db)},
		Type:       corev1.SecretTypeBasicAuth,
		StringData: map[string]string{corev1.BasicAuthUsernameKey: user, corev1.BasicAuthPasswordKey: password, "uri": uri.String()},
	}
}

// claim asks for the volume. It is a part of its own and no template of the StatefulSet: templates cannot be changed later, and
// this one should grow when the Database says so.
func claim(db *Database) *coreapply.PersistentVolumeClaimApplyConfiguration {
	return coreapply.PersistentVolumeClaim(db.Name, db.Namespace).WithLabels(labels(db)).WithOwnerReferences(owner(db)).
		WithSpec(coreapply.PersistentVolumeClaimSpec().
			WithAccessModes(corev1.ReadWriteOnce).
			WithResources(coreapply.VolumeResourceRequirements().
				WithRequests(corev1.ResourceList{corev1.ResourceStorage: db.Spec.Storage})))
}

// service gives the database a name. It has no address of its own (it is headless): with one pod there is nothing to choose from.
func service(db *Database) *coreapply.ServiceApplyConfiguration {
	return coreapply.Service(db.Name, db.Namespace).WithLabels(labels(db)).WithOwnerReferences(owner(db)).
		WithSpec(coreapply.ServiceSpec().
			WithClusterIP(corev1.ClusterIPNone).
			WithSelector(selector(db)).
			WithPorts(coreapply.ServicePort().WithName("postgres").WithPort(port).WithTargetPort(intstr.FromString("postgres"))))
}

// statefulSet runs the pod. A StatefulSet never has two pods of one name, so never two servers on one volume.
func statefulSet(db *Database, image string) *appsapply.StatefulSetApplyConfiguration {
	return appsapply.StatefulSet(db.Name, db.Namespace).WithLabels(labels(db)).WithOwnerReferences(owner(db)).
		WithSpec(appsapply.StatefulSetSpec().
			WithServiceName(db.Name).
			WithReplicas(db.Spec.Replicas).
			WithSelector(metaapply.LabelSelector().WithMatchLabels(selector(db))).
			WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels(db)).WithSpec(pod(db, image))))
}

func pod(db *Database, image string) *coreapply.PodSpecApplyConfiguration {
	return coreapply.PodSpec().
		WithSecurityContext(coreapply.PodSecurityContext().WithRunAsUser(999).WithRunAsGroup(999).WithFSGroup(999)). // postgres, in its image
		WithContainers(coreapply.Container().
			WithName("postgres").
			WithImage(image+":"+db.Spec.Version).
			WithPorts(coreapply.ContainerPort().WithName("postgres").WithContainerPort(port)).
			WithEnv(
				coreapply.EnvVar().WithName("POSTGRES_DB").WithValue(db.Name),
				coreapply.EnvVar().WithName("PGDATA").WithValue(dataFolder+"/pgdata"), // the volume itself may hold a lost+found
				fromSecret(db, "POSTGRES_USER", corev1.BasicAuthUsernameKey),
				fromSecret(db, "POSTGRES_PASSWORD", corev1.BasicAuthPasswordKey)).
			WithReadinessProbe(coreapply.Probe().WithPeriodSeconds(2).
				WithTCPSocket(coreapply.TCPSocketAction().WithPort(intstr.FromString("postgres")))).
			WithVolumeMounts(coreapply.VolumeMount().WithName("data").WithMountPath(dataFolder))).
		WithVolumes(coreapply.Volume().WithName("data").
			WithPersistentVolumeClaim(coreapply.PersistentVolumeClaimVolumeSource().WithClaimName(db.Name)))
}

// fromSecret has the kubelet read the password: it is neither in the StatefulSet nor in any log.
func fromSecret(db *Database, variable, key string) *coreapply.EnvVarApplyConfiguration {
	return coreapply.EnvVar().WithName(variable).WithValueFrom(coreapply.EnvVarSource().
		WithSecretKeyRef(coreapply.SecretKeySelector().WithName(secretName(db)).WithKey(key)))
}
