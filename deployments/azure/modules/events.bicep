// What happens in the account and in the workspace, into a queue that the service reads: durable, no inbound port.
param prefix string
param environment string
param location string
param tags object
param storageName string
param workspaceId string

@description('Prefixes that the service itself writes; their blobs are no news.')
param ownPrefixes array

var roles = loadJsonContent('../roles.json')
var grants = [
  { role: 'Storage Queue Data Message Sender', why: 'delivers events to the queue' }
  { role: 'Storage Blob Data Contributor', why: 'keeps what could not be delivered' }
]
var retry = {
  maxDeliveryAttempts: 30
  eventTimeToLiveInMinutes: 1440
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource ofStorage 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: 'evgt-${prefix}-${environment}-storage'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: storage.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource ofWorkspace 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: 'evgt-${prefix}-${environment}-workspace'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: workspaceId
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
  }
}

resource storageDelivers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in grants: {
  name: guid(storage.id, ofStorage.id, grant.role)
  scope: storage
  properties: {
    principalId: ofStorage.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    description: grant.why
  }
}]

resource workspaceDelivers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in grants: {
  name: guid(storage.id, ofWorkspace.id, grant.role)
  scope: storage
  properties: {
    principalId: ofWorkspace.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    description: grant.why
  }
}]

resource blobCreated 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = {
  parent: ofStorage
  name: 'blob-created'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retry
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      subjectBeginsWith: '/blobServices/default/containers/perennial/blobs/'
      advancedFilters: [
        {
          operatorType: 'StringNotBeginsWith'
          key: 'subject'
          values: [for one in ownPrefixes: '/blobServices/default/containers/perennial/blobs/${one}']
        }
      ]
    }
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: storage.id
          queueName: 'events'
          queueMessageTimeToLiveInSeconds: 604800
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storage.id
          blobContainerName: 'dead-letters'
        }
      }
    }
  }
  dependsOn: [
    storageDelivers
  ]
}

resource modelRegistered 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = {
  parent: ofWorkspace
  name: 'model-registered'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retry
    filter: {
      includedEventTypes: ['Microsoft.MachineLearningServices.ModelRegistered']
    }
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: storage.id
          queueName: 'events'
          queueMessageTimeToLiveInSeconds: 604800
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storage.id
          blobContainerName: 'dead-letters'
        }
      }
    }
  }
  dependsOn: [
    workspaceDelivers
  ]
}
