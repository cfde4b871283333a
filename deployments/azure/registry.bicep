// The Azure ML registry through which models and environments cross from stage to stage, in a group of its own.
// An owner deploys it, after identities.bicep of every environment and before main.bicep of any.
param location string = resourceGroup().location
param prefix string = 'perennial'

@description('Of each environment: its name, and whether it publishes. Only development does.')
param environments array = [
  { name: 'dev', publishes: true }
  { name: 'staging', publishes: false }
  { name: 'prod', publishes: false }
]
param tags object

resource registry 'Microsoft.MachineLearningServices/registries@2024-10-01' = {
  name: 'mlr-${prefix}'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    publicNetworkAccess: 'Disabled'
    regionDetails: [
      {
        location: location
        acrDetails: [
          {
            systemCreatedAcrAccount: {
              acrAccountSku: 'Premium'
            }
          }
        ]
        storageAccountDetails: [
          {
            systemCreatedStorageAccount: {
              allowBlobPublicAccess: false
              storageAccountHnsEnabled: false
              storageAccountType: 'Standard_ZRS'
            }
          }
        ]
      }
    ]
  }
}

module access 'modules/registry-access.bicep' = [for one in environments: {
  name: 'registry-access-${one.name}'
  params: {
    registryName: registry.name
    prefix: prefix
    environment: one.name
    publishes: one.publishes
  }
}]

output registryId string = registry.id
