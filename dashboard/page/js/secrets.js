// What is not shown unless somebody asks: the values of secrets, and the copy of them that `kubectl apply` leaves behind.

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// readable is an object without what no reader wants, and without the values of a secret.
export function readable(object, withSecrets) {
  if (!object) return null;
  const copy = structuredClone(object);
  delete copy.metadata.managedFields;
  if (copy.kind === "Secret" && !withSecrets) {
    for (const field of ["data", "stringData"]) {
      for (const key of Object.keys(copy[field] ?? {})) copy[field][key] = "***";
    }
    if (copy.metadata.annotations?.[lastApplied]) copy.metadata.annotations[lastApplied] = "***";
  }
  return copy;
}
