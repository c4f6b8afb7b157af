package story

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// Stories of the loops that deal with devices, over a real API server and without a node or a driver: the test plays the
// scheduler, which gives devices and reserves claims, the kubelet, which reports that a pod has ended, and the driver.

const (
	claimFinalizer = api.ResourceClaimFinalizer
	claimNameNote  = "resource.kubernetes.io/pod-claim-name"
)

type deviceCluster struct{ *Harness }

func startDevices(t *testing.T) deviceCluster { return deviceCluster{Start(t, 0)} }

// pod makes a pod that no scheduler looks at; node may be "".
func (c deviceCluster) pod(name, node string, claims ...api.PodResourceClaim) *api.Pod {
	c.T.Helper()
	return Apply(c.Harness, &api.Pod{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.PodSpec{
		SchedulerName: "nobody", NodeName: node, ResourceClaims: claims, Containers: []api.Container{{Name: "c", Image: "x"}},
	}})
}

func fromTemplate(name, template string) api.PodResourceClaim {
	return api.PodResourceClaim{Name: name, ResourceClaimTemplateName: &template}
}

func named(name, claim string) api.PodResourceClaim {
	return api.PodResourceClaim{Name: name, ResourceClaimName: &claim}
}

var oneGPU = api.ResourceClaimSpec{Devices: api.DeviceClaim{Requests: []api.DeviceRequest{{Name: "gpu", Exactly: &api.ExactDeviceRequest{DeviceClassName: "gpus"}}}}}

func (c deviceCluster) claim(name string, changes ...func(*api.ResourceResourceClaim)) *api.ResourceResourceClaim {
	c.T.Helper()
	claim := &api.ResourceResourceClaim{ObjectMeta: api.ObjectMeta{Name: name}, Spec: oneGPU}
	for _, change := range changes {
		change(claim)
	}
	return Apply(c.Harness, claim)
}

func (c deviceCluster) template(name string) {
	c.T.Helper()
	Apply(c.Harness, &api.ResourceClaimTemplate{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ResourceClaimTemplateSpec{
		ObjectMeta: api.ObjectMeta{Labels: map[string]string{"team": "a"}}, Spec: oneGPU,
	}})
}

func (c deviceCluster) getClaim(name string) *api.ResourceResourceClaim {
	c.T.Helper()
	claim, err := client.Of[*api.ResourceResourceClaim](c.Client).Get(c.Ctx, "default", name)
	require.NoError(c.T, err)
	return claim
}

func (c deviceCluster) claims() []*api.ResourceResourceClaim {
	c.T.Helper()
	page, err := client.Of[*api.ResourceResourceClaim](c.Client).List(c.Ctx, "default", client.ListOptions{})
	require.NoError(c.T, err)
	return page.Items
}

// noted is the claim that the pod's status names for one of its claims, once it is not the one before.
func (c deviceCluster) noted(pod, claim, before string) (name string) {
	c.T.Helper()
	c.Eventually(func() error {
		p, err := client.Of[*api.Pod](c.Client).Get(c.Ctx, "default", pod)
		if err != nil {
			return err
		}
		for _, s := range p.Status.ResourceClaimStatuses {
			if name = api.Deref(s.ResourceClaimName, ""); s.Name == claim && name != before {
				return nil
			}
		}
		return fmt.Errorf("the status of pod %s has %v", pod, p.Status.ResourceClaimStatuses)
	})
	return name
}

// allocate is the scheduler: it adds the finalizer, and gives a device to the claim, with these pods as users.
func (c deviceCluster) allocate(name, device string, tolerations []api.DeviceToleration, pods ...*api.Pod) {
	c.T.Helper()
	c.retry(func() error {
		claims, claim := client.Of[*api.ResourceResourceClaim](c.Client), c.getClaim(name)
		if !slices.Contains(claim.Finalizers, claimFinalizer) {
			claim.Finalizers = append(claim.Finalizers, claimFinalizer)
		}
		claim, err := claims.Update(c.Ctx, claim)
		if err != nil {
			return err
		}
		claim.Status.Allocation = &api.AllocationResult{Devices: api.DeviceAllocationResult{Results: []api.DeviceRequestAllocationResult{
			{Request: "gpu", Driver: "gpu.example.com", Pool: "n1", Device: device, Tolerations: tolerations},
		}}}
		for _, pod := range pods {
			claim.Status.ReservedFor = append(claim.Status.ReservedFor, api.ResourceClaimConsumerReference{Resource: "pods", Name: pod.Name, UID: pod.UID})
		}
		_, err = claims.UpdateStatus(c.Ctx, claim)
		return err
	})
}

// end is the kubelet: the pod's containers have ended.
func (c deviceCluster) end(pod string) {
	c.T.Helper()
	c.retry(func() error {
		pods := client.Of[*api.Pod](c.Client)
		p, err := pods.Get(c.Ctx, "default", pod)
		if err != nil {
			return err
		}
		p.Status.Phase = api.PodSucceeded
		_, err = pods.UpdateStatus(c.Ctx, p)
		return err
	})
}

// retry goes on while somebody else writes the same object.
func (c deviceCluster) retry(write func() error) {
	c.T.Helper()
	err := write()
	for api.IsConflict(err) {
		err = write()
	}
	require.NoError(c.T, err)
}

func (c deviceCluster) remove(pod string) {
	c.T.Helper()
	require.NoError(c.T, client.Of[*api.Pod](c.Client).Delete(c.Ctx, "default", pod, api.DeleteOptions{GracePeriodSeconds: api.Ptr[int64](0)}))
}

// users checks for whom a claim is reserved, and that it has a device, and the finalizer, just while it is for somebody.
func (c deviceCluster) users(name string, pods ...string) Check {
	return func() error {
		claim := c.getClaim(name)
		var users []string
		for _, user := range claim.Status.ReservedFor {
			users = append(users, user.Name)
		}
		allocated, protected := claim.Status.Allocation != nil, slices.Contains(claim.Finalizers, claimFinalizer)
		if !slices.Equal(users, pods) || allocated != (len(pods) > 0) || protected != allocated {
			return fmt.Errorf("claim %s: users %v, not %v; allocated %t, protected %t", name, users, pods, allocated, protected)
		}
		return nil
	}
}

func (c deviceCluster) gone(claim string) Check {
	return func() error {
		_, err := client.Of[*api.ResourceResourceClaim](c.Client).Get(c.Ctx, "default", claim)
		if err == nil {
			return fmt.Errorf("claim %s is still there", claim)
		}
		if api.IsNotFound(err) {
			return nil
		}
		return err
	}
}

func (c deviceCluster) event(pod, reason, message string) Check {
	return func() error {
		page, err := client.Of[*api.Event](c.Client).List(c.Ctx, "default", client.ListOptions{FieldSelector: "involvedObject.name=" + pod})
		if err != nil {
			return err
		}
		for _, e := range page.Items {
			if e.Reason == reason && e.Message == message {
				return nil
			}
		}
		return fmt.Errorf("no event %s: %s of %s among %d", reason, message, pod, len(page.Items))
	}
}

func TestPodGetsAClaimFromATemplateThatComesLate(t *testing.T) {
	c := startDevices(t)
	pod := c.pod("web", "", fromTemplate("gpu", "large"), named("shared", "everybodys"))
	c.Eventually(c.event("web", "FailedResourceClaimCreation", `PodResourceClaim gpu: resource claim template "large": resourceclaimtemplate.resource.k8s.io "large" not found`))
	c.template("large")
	name := c.noted("web", "gpu", "")
	claim := c.getClaim(name)
	require.Regexp(t, `^web-gpu-[a-z0-9]{5}$`, name)
	require.Equal(t, "gpu", claim.Annotations[claimNameNote])
	require.Equal(t, map[string]string{"team": "a"}, claim.Labels)
	require.Equal(t, []api.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "web", UID: pod.UID, Controller: api.Ptr(true)}}, claim.OwnerReferences)
	require.Equal(t, oneGPU.Devices.Requests[0].Exactly.DeviceClassName, claim.Spec.Devices.Requests[0].Exactly.DeviceClassName)

	// One that vanishes is made anew.
	require.NoError(t, client.Of[*api.ResourceResourceClaim](c.Client).Delete(c.Ctx, "default", name, api.DeleteOptions{}))
	again := c.noted("web", "gpu", name)
	require.Len(t, c.claims(), 1)

	// And goes with the pod.
	c.remove("web")
	c.Eventually(c.gone(again))
}

func TestDevicesComeBackWhenTheirLastUserIsOver(t *testing.T) {
	c := startDevices(t)
	c.template("large")
	c.claim("shared")
	first := c.pod("first", "n1", named("s", "shared"), fromTemplate("own", "large"))
	second := c.pod("second", "n1", named("s", "shared"))
	own := c.noted("first", "own", "")

	// Neither pod came by the scheduler: when the claims have devices, this loop reserves them.
	c.allocate("shared", "gpu-0", nil, second)
	c.allocate(own, "gpu-1", nil)
	c.Eventually(c.users("shared", "second", "first"))
	c.Eventually(c.users(own, "first"))
	require.Equal(t, first.UID, c.getClaim(own).Status.ReservedFor[0].UID)

	c.end("first")
	c.Eventually(c.users("shared", "second"))
	c.Eventually(c.gone(own))
	c.remove("second")
	c.Eventually(c.users("shared"))

	// What is over gets nothing again: its claim was not made anew, and the shared one is not reserved for it when it has a device.
	third := c.pod("third", "n1", named("s", "shared"))
	c.allocate("shared", "gpu-0", nil, third)
	c.Eventually(c.users("shared", "third"))
	settled := c.getClaim("shared").ResourceVersion
	for range 30 {
		require.Len(t, c.claims(), 1)
		time.Sleep(5 * time.Millisecond) // nothing is to happen
	}
	require.Equal(t, settled, c.getClaim("shared").ResourceVersion)
}

func TestDeletedClaimWaitsForItsUsers(t *testing.T) {
	c := startDevices(t)
	claims := client.Of[*api.ResourceResourceClaim](c.Client)
	c.claim("used")
	c.claim("unused")
	pod := c.pod("p", "n1", named("u", "used"))
	c.allocate("used", "gpu-0", nil, pod)
	c.allocate("unused", "gpu-1", nil)
	require.NoError(t, claims.Delete(c.Ctx, "default", "used", api.DeleteOptions{}))
	require.NotNil(t, c.getClaim("unused").Status.Allocation, "who gave the device may be about to reserve it")
	require.NoError(t, claims.Delete(c.Ctx, "default", "unused", api.DeleteOptions{}))
	c.Eventually(c.gone("unused"))
	require.NoError(t, c.users("used", "p")())
	c.end("p")
	c.Eventually(c.gone("used"))
}

func TestClaimForExtendedResourcesGoesWithItsPod(t *testing.T) {
	c := startDevices(t)
	pod := c.pod("web", "n1")
	c.claim("web-extended-resources-abcde", func(claim *api.ResourceResourceClaim) {
		claim.Annotations = map[string]string{"resource.kubernetes.io/extended-resource-claim": "true"}
		claim.OwnerReferences = []api.OwnerReference{api.NewControllerRef(pod)}
	})
	c.allocate("web-extended-resources-abcde", "gpu-0", nil, pod)
	_, err := client.Of[*api.Pod](c.Client).Patch(c.Ctx, "default", "web", api.MergePatchType, []byte(
		`{"status":{"extendedResourceClaimStatus":{"resourceClaimName":"web-extended-resources-abcde","requestMappings":[{"containerName":"c","resourceName":"example.com/gpu","requestName":"gpu"}]}}}`), "status")
	require.NoError(t, err)
	c.end("web")
	c.Eventually(c.gone("web-extended-resources-abcde"))
}

// TestClaimsWithStaleWatches holds back what the loops hear. They neither make a claim twice that they do not see yet, nor take
// devices from a pod that they do not see yet.
func TestClaimsWithStaleWatches(t *testing.T) {
	c := startDevices(t)
	c.template("large")
	c.claim("shared")

	// The claim is made, its name does not get into the pod's status, and the pod comes up again.
	c.late("resourceclaims.resource.k8s.io", time.Hour)
	c.fault("controllers", "pods", api.Fault{Conflicts: api.Share{Part: 1, Of: 1}})
	c.pod("web", "", fromTemplate("gpu", "large"))
	c.Eventually(func() error {
		if n := len(c.claims()); n < 2 {
			return fmt.Errorf("%d claims", n)
		}
		return nil
	})
	for _, look := range []string{"once", "twice", "again"} {
		_, err := client.Of[*api.Pod](c.Client).Patch(c.Ctx, "default", "web", api.MergePatchType, fmt.Appendf(nil, `{"metadata":{"labels":{"look":%q}}}`, look))
		require.NoError(t, err)
		time.Sleep(100 * time.Millisecond) // nothing is to happen
	}
	require.Len(t, c.claims(), 2)
	c.resume()
	name := c.noted("web", "gpu", "")

	// A pod takes the place of another one of its name.
	old := c.pod("db-0", "n1", named("s", "shared"))
	c.allocate("shared", "gpu-0", nil, old)
	c.Eventually(c.users("shared", "db-0"))
	c.late("pods", time.Hour)
	c.remove("db-0")
	young := c.pod("db-0", "n1", named("s", "shared"))
	require.NotEqual(t, old.UID, young.UID)
	claim := c.getClaim("shared")
	claim.Status.ReservedFor[0].UID = young.UID
	_, err := client.Of[*api.ResourceResourceClaim](c.Client).UpdateStatus(c.Ctx, claim)
	require.NoError(t, err)
	time.Sleep(300 * time.Millisecond) // nothing is to happen
	claim = c.getClaim("shared")
	require.True(t, claim.IsReservedFor(young.UID) && claim.Status.Allocation != nil)
	c.resume()
	c.Eventually(c.users("shared", "db-0"))
	c.end("db-0")
	c.Eventually(c.users("shared"))
	require.Equal(t, name, c.noted("web", "gpu", ""))
}

// TestDevicesGoRoundWhileControllersDie runs a Job of three pods, each with a claim of its own, on two devices, and kills the
// controllers after each of their first writes. The third pod gets the device of one that is over.
func TestDevicesGoRoundWhileControllersDie(t *testing.T) {
	const deaths = 30
	h := Start(t, 2)
	c := deviceCluster{h}
	h.stopControllers()
	Apply(h, &api.DeviceClass{ObjectMeta: api.ObjectMeta{Name: "gpus"}})
	c.device()
	c.template("large")
	job := api.New[*api.Job]()
	job.Name = "train"
	job.Spec = api.JobSpec{Completions: api.Ptr[int32](3), Parallelism: api.Ptr[int32](3), Template: api.PodTemplateSpec{
		ObjectMeta: api.ObjectMeta{Labels: map[string]string{"app": "train"}},
		Spec: api.PodSpec{
			RestartPolicy: api.RestartPolicyNever, ResourceClaims: []api.PodResourceClaim{fromTemplate("gpu", "large")},
			Containers: []api.Container{{Name: "c", Image: "x", Command: []string{"true"}}},
		},
	}}
	Apply(h, job)
	settled := func() error {
		j, err := client.Of[*api.Job](h.Client).Get(h.Ctx, "default", "train")
		if err != nil {
			return err
		}
		return errors.Join(equal("succeeded", 3, int(j.Status.Succeeded)), equal("claims", 0, len(c.claims())))
	}
	for i := 0; i < deaths && settled() != nil; i++ {
		h.runUntilWrite(settled)
	}
	h.run("controllers", h.controllers(h.As("system:kube-controller-manager")))
	h.Eventually(settled)
	for _, pod := range h.Pods("app=train") {
		require.Equal(t, "n1", pod.Spec.NodeName, "where the devices are")
		require.Len(t, pod.Status.ResourceClaimStatuses, 1)
	}
	require.Len(t, h.Pods("app=train"), 3)
}

// TestClaimIsWrittenAgainAfterConflicts lets every second write of the scheduler to claims meet a newer version of the claim.
func TestClaimIsWrittenAgainAfterConflicts(t *testing.T) {
	h := Start(t, 2)
	c := deviceCluster{h}
	Apply(h, &api.DeviceClass{ObjectMeta: api.ObjectMeta{Name: "gpus"}})
	c.device()
	c.fault("scheduler", "resourceclaims.resource.k8s.io", api.Fault{Conflicts: api.Share{Part: 1, Of: 2}})
	c.claim("one")
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "p"}, Spec: api.PodSpec{
		ResourceClaims: []api.PodResourceClaim{named("gpu", "one")}, Containers: []api.Container{{Name: "c", Image: "x"}},
	}})
	c.Eventually(c.users("one", "p"))
	c.Eventually(c.runs("p"))
}

// TestClaimIsReleasedWhenBindingFails lets no pod be bound for a while: its claim keeps the device, but does not stay reserved.
func TestClaimIsReleasedWhenBindingFails(t *testing.T) {
	h := Start(t, 2)
	c := deviceCluster{h}
	Apply(h, &api.DeviceClass{ObjectMeta: api.ObjectMeta{Name: "gpus"}})
	c.device()
	c.claim("one")
	c.fault("scheduler", "pods", api.Fault{Conflicts: api.Share{Part: 1, Of: 1}})
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "p"}, Spec: api.PodSpec{
		ResourceClaims: []api.PodResourceClaim{named("gpu", "one")}, Containers: []api.Container{{Name: "c", Image: "x"}},
	}})
	c.Eventually(func() error {
		if claim := c.getClaim("one"); claim.Status.Allocation == nil || len(claim.Status.ReservedFor) > 0 {
			return fmt.Errorf("claim one: allocation %v, reserved for %v", claim.Status.Allocation, claim.Status.ReservedFor)
		}
		return nil
	})
	c.resume()
	c.Eventually(c.users("one", "p"))
	c.Eventually(c.runs("p"))
}

func (c deviceCluster) runs(name string) Check {
	return func() error {
		pod, err := client.Of[*api.Pod](c.Client).Get(c.Ctx, "default", name)
		if err != nil {
			return err
		}
		if pod.Status.Phase != api.PodRunning {
			return fmt.Errorf("pod %s is %s", name, pod.Status.Phase)
		}
		return nil
	}
}

// device is the driver: it says which taints gpu-0 has.
func (c deviceCluster) device(taints ...api.DeviceTaint) {
	c.T.Helper()
	Apply(c.Harness, &api.ResourceSlice{ObjectMeta: api.ObjectMeta{Name: "n1-gpus"}, Spec: api.ResourceSliceSpec{
		Driver: "gpu.example.com", NodeName: api.Ptr("n1"), Pool: api.ResourcePool{Name: "n1", Generation: 1, ResourceSliceCount: 1},
		Devices: []api.Device{{Name: "gpu-0", Taints: taints}, {Name: "gpu-1"}},
	}})
}

// evicted checks that a pod is on its way out, and why.
func (c deviceCluster) evicted(name string) Check {
	return func() error {
		pod, err := client.Of[*api.Pod](c.Client).Get(c.Ctx, "default", name)
		if err != nil {
			return err
		}
		condition := pod.Status.Condition(api.DisruptionTarget)
		if pod.DeletionTimestamp == nil || condition == nil {
			return fmt.Errorf("pod %s is not evicted", name)
		}
		if condition.Status != api.ConditionTrue || condition.Reason != "DeletionByDeviceTaintManager" || condition.Message != "Device Taint manager: deleting due to NoExecute taint" {
			return fmt.Errorf("pod %s: %+v", name, condition)
		}
		return c.event(name, "DeviceTaintManagerEviction", "Marking for deletion")()
	}
}

func TestTaintOfADeviceEvicts(t *testing.T) {
	c := startDevices(t)
	for _, name := range []string{"hasty", "patient", "stoic", "elsewhere"} {
		c.claim(name)
	}
	pods := map[string]*api.Pod{}
	for _, name := range []string{"hasty", "patient", "stoic", "elsewhere"} {
		pods[name] = c.pod(name, "n1", named("gpu", name))
	}
	tolerates := func(seconds *int64) []api.DeviceToleration {
		return []api.DeviceToleration{{Key: "hot", Operator: api.DeviceTolerationOpExists, Effect: api.DeviceTaintEffectNoExecute, TolerationSeconds: seconds}}
	}
	c.device()
	c.allocate("hasty", "gpu-0", tolerates(api.Ptr[int64](2)), pods["hasty"])
	c.allocate("patient", "gpu-0", tolerates(api.Ptr[int64](3600)), pods["patient"])
	c.allocate("stoic", "gpu-0", tolerates(nil), pods["stoic"])
	c.allocate("elsewhere", "gpu-1", nil, pods["elsewhere"])

	c.fault("controllers", "pods", api.Fault{Conflicts: api.Share{Part: 1, Of: 2}}) // somebody else writes to the pods, too

	heated := time.Now().Truncate(time.Second)
	c.device(api.DeviceTaint{Key: "hot", Effect: api.DeviceTaintEffectNoExecute, TimeAdded: &api.Time{Time: heated}})
	c.Eventually(c.evicted("hasty"))
	require.GreaterOrEqual(t, time.Since(heated), 2*time.Second)

	c.device()
	c.Eventually(c.event("patient", "DeviceTaintManagerEviction", "Cancelling deletion"))
	c.device(api.DeviceTaint{Key: "broken", Effect: api.DeviceTaintEffectNoExecute})
	c.Eventually(c.evicted("patient"))
	c.Eventually(c.evicted("stoic"))
	require.Error(t, errors.Join(c.evicted("elsewhere")()), "its device is another one")

	// The kubelet reports the end; the devices are free.
	c.remove("hasty")
	c.Eventually(c.users("hasty"))
}
