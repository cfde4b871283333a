// One environment's resource group and identities. An owner of the subscription deploys it once an environment;
// nobody else can hand out what it hands out.
targetScope = 'subscription'

@allowed(['dev', 'staging', 'prod'])
param environment string
param location string
param prefix string = 'perennial'

@description('The repository whose workflows may act as the CI identity: OWNER/NAME.')
param repository string

@description('The OIDC issuer of the Kubernetes cluster whose flows may act as the flows identity; empty: none.')
param kubernetesIssuer string = ''

@description('Tags of everything in the environment: who pays, who answers.')
param tags object

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${prefix}-${environment}'
  location: location
  tags: union(tags, { environment: environment })
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  scope: group
  params: {
    prefix: prefix
    environment: environment
    location: location
    repository: repository
    kubernetesIssuer: kubernetesIssuer
    tags: union(tags, { environment: environment })
  }
}

output planClientId string = identities.outputs.planClientId
output ciClientId string = identities.outputs.ciClientId
output flowsPrincipalId string = identities.outputs.flowsPrincipalId
