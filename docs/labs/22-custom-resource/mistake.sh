# Without bounds everything is a pizza.
kubectl-lite apply -f - <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pizzas.kitchen.example}
spec:
  group: kitchen.example
  scope: Namespaced
  names: {plural: pizzas, singular: pizza, kind: Pizza}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
END
kubectl-lite wait --for=condition=Established crd/pizzas.kitchen.example --timeout=60s
kubectl-lite apply -n lab-custom-resource -f - <<END
{apiVersion: kitchen.example/v1, kind: Pizza, metadata: {name: giant}, spec: {size: 500}}
END
