"""What the Python client does, unmodified: list, create, patch, watch and delete, with a client certificate. Prints ok at the end."""

import sys

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

config.load_kube_config(config_file=sys.argv[1])
core, apps = client.CoreV1Api(), client.AppsV1Api()
namespace = sys.argv[2]


def refused(status, reason, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ApiException as e:
        assert e.status == status and '"reason":"%s"' % reason in e.body, (e.status, e.body)
    else:
        raise AssertionError("was not refused")


assert client.VersionApi().get_code().major == "1"
core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))
try:
    # Objects are what they were sent as, and lists come in pages.
    for name in "abc":
        made = core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"app": "walk"}), data={"k": name}))
        assert made.data == {"k": name} and made.metadata.uid
    refused(409, "AlreadyExists", core.create_namespaced_config_map, namespace, {"metadata": {"name": "a"}})
    page = core.list_namespaced_config_map(namespace, label_selector="app=walk", limit=2)
    rest = core.list_namespaced_config_map(namespace, label_selector="app=walk", limit=2, _continue=page.metadata._continue)
    assert [o.metadata.name for o in page.items + rest.items] == ["a", "b", "c"]

    # A patch given as a dict is a strategic merge, one given as a list a JSON patch.
    assert core.patch_namespaced_config_map("a", namespace, {"data": {"l": "m"}}).data == {"k": "a", "l": "m"}
    assert core.patch_namespaced_config_map("a", namespace, [{"op": "remove", "path": "/data/k"}]).data == {"l": "m"}
    stale = core.read_namespaced_config_map("b", namespace)
    core.patch_namespaced_config_map("b", namespace, {"data": {"k": "new"}})
    refused(409, "Conflict", core.replace_namespaced_config_map, "b", namespace, stale)
    refused(404, "NotFound", core.read_namespaced_config_map, "nobody", namespace)
    refused(422, "Invalid", core.create_namespaced_config_map, namespace, {"metadata": {"name": "Not A Name"}})

    # A Deployment becomes ready, and a watch that begins at a list sees it.
    labels = {"app": "web"}
    apps.create_namespaced_deployment(namespace, {
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}},
    })
    since, ready = apps.list_namespaced_deployment(namespace).metadata.resource_version, 0
    first = apps.read_namespaced_deployment("web", namespace)
    ready = first.status.ready_replicas or 0
    if ready != 2:
        for event in watch.Watch().stream(apps.list_namespaced_deployment, namespace, resource_version=since, timeout_seconds=60):
            if event["object"].status.ready_replicas == 2:
                break
        else:
            raise AssertionError("the Deployment did not become ready")
    assert apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 1}}).spec.replicas == 1
    assert len(core.list_namespaced_pod(namespace, label_selector="app=web", field_selector="status.phase=Running").items) >= 1

    # Custom objects are dicts.
    rights = client.CustomObjectsApi().list_cluster_custom_object("rbac.authorization.k8s.io", "v1", "clusterroles")
    assert any(r["metadata"]["name"] == "cluster-admin" for r in rights["items"])
    assert client.AuthorizationV1Api().create_self_subject_access_review(
        {"spec": {"resourceAttributes": {"verb": "delete", "resource": "nodes"}}}).status.allowed

    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    core.delete_collection_namespaced_config_map(namespace, label_selector="app=walk")
    assert not core.list_namespaced_config_map(namespace, label_selector="app=walk").items
finally:
    core.delete_namespace(namespace)
print("ok")
